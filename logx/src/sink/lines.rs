//! Whole lines to an `io::Write`, never two lines on one.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use crate::local;

/// An output that knows whether its last line is complete.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    out: W,
    /// A line was begun and not ended: the next one starts with a newline, so that only one line is broken.
    torn: bool,
}

impl<W: Write> Lines<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self { out, torn: false }
    }

    /// Writes one line; in one `write` unless the output takes less.
    #[inline]
    pub(crate) fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.put(b"\n")?;
            self.torn = false;
        }
        self.put(line)
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.torn = n < rest.len();
                    rest = rest.get(n..).unwrap_or_default();
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Lines of several threads to one output, one thread at a time.
///
/// An output whose own `write` logs is refused that line: it would wait for itself for ever.
///
/// Aligned so that nothing that other threads read at each line lies in the cache line of the lock.
#[repr(align(128))]
pub(crate) struct SharedLines<W> {
    lines: Mutex<Lines<W>>,
    /// The thread that is writing.
    owner: AtomicU64,
}

impl<W: Write> SharedLines<W> {
    pub(crate) const fn new(out: W) -> Self {
        Self { lines: Mutex::new(Lines::new(out)), owner: AtomicU64::new(local::NO_TOKEN) }
    }

    /// Writes one line for the thread of this token.
    #[inline]
    pub(crate) fn write_line(&self, line: &[u8], me: u64) -> io::Result<()> {
        self.with(me, |lines| lines.write_line(line))
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        self.with(local::token(), Lines::flush)
    }

    #[inline]
    fn with<R>(&self, me: u64, f: impl FnOnce(&mut Lines<W>) -> io::Result<R>) -> io::Result<R> {
        let mut lines = match self.lines.try_lock() {
            Ok(lines) => lines,
            // A writer that panicked has left the lock poisoned; the next line may still get through.
            Err(TryLockError::Poisoned(lines)) => lines.into_inner(),
            Err(TryLockError::WouldBlock) => self.wait(me)?,
        };
        let _owner = Owner::take(&self.owner, me);
        f(&mut lines)
    }

    /// Waits for another thread's line. The owner is looked at only here: two threads that read it before they lock
    /// would send its cache line to and fro twice for each line.
    #[cold]
    fn wait(&self, me: u64) -> io::Result<MutexGuard<'_, Lines<W>>> {
        // Only this thread can have stored its own token.
        if self.owner.load(Ordering::Relaxed) == me {
            return Err(io::Error::new(ErrorKind::Deadlock, "the output logs while it writes"));
        }
        Ok(self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Nobody's again when it goes, also after a panic.
struct Owner<'a>(&'a AtomicU64);

impl<'a> Owner<'a> {
    fn take(owner: &'a AtomicU64, me: u64) -> Self {
        owner.store(me, Ordering::Relaxed);
        Self(owner)
    }
}

impl Drop for Owner<'_> {
    fn drop(&mut self) {
        self.0.store(local::NO_TOKEN, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, and then nothing until it is allowed again.
    #[derive(Default)]
    struct Short {
        taken: Vec<u8>,
        allowance: usize,
    }

    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(3).min(self.allowance);
            if n == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.allowance -= n;
            self.taken.extend_from_slice(&bytes[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_torn_is_ended_before_the_next_one() {
        let mut lines = Lines::new(Short { allowance: 5, ..Short::default() });
        assert!(lines.write_line(b"first line\n").is_err());
        lines.out.allowance = 100;
        lines.write_line(b"second\n").unwrap();
        lines.write_line(b"third\n").unwrap();
        assert_eq!(lines.out.taken, b"first\nsecond\nthird\n");
    }
}
