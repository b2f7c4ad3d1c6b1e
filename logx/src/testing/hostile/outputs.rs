//! Outputs that misbehave.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// An output that keeps what it gets, for the test to read.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// What was written, as text; what is no text is shown as such.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// What was written, which is forgotten.
    #[must_use]
    pub fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses so many writes, then passes on.
#[derive(Debug)]
pub struct Failing<W> {
    /// Writes still to refuse.
    pub failures: u32,
    /// Who gets the rest.
    pub out: W,
}

impl<W: Write> Write for Failing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err(ErrorKind::StorageFull.into());
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Takes a few bytes at a time, with interruptions.
#[derive(Debug)]
pub struct Short<W> {
    /// Bytes of a write.
    pub bytes: usize,
    /// Who gets them.
    pub out: W,
    interrupted: bool,
}

impl<W> Short<W> {
    /// Takes `bytes` bytes at a time.
    pub fn new(bytes: usize, out: W) -> Self {
        Self { bytes, out, interrupted: false }
    }
}

impl<W: Write> Write for Short<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        self.out.write(bytes.get(..self.bytes).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Panics so many times, then passes on.
#[derive(Debug)]
pub struct Panicking<W> {
    /// Panics still to come.
    pub panics: u32,
    /// Who gets the rest.
    pub out: W,
}

impl<W: Write> Write for Panicking<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.panics > 0 {
            self.panics -= 1;
            panic!("the output panics on purpose");
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Logs a line at each write, through the process's writer.
#[derive(Debug)]
pub struct LogsInside<W>(pub W);

impl<W: Write> Write for LogsInside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        crate::info("from inside the output");
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Blocks every write until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    /// What came through.
    pub out: Memory,
}

impl Gate {
    /// Lets everything through from now on.
    pub fn open(&self) {
        *self.open.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.open.1.notify_all();
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A bound, so that a failing test ends.
        let waited = self.open.1.wait_timeout_while(open, Duration::from_secs(60), |open| !*open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
