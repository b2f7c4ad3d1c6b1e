//! Whole lines to an `io::Write`, never two lines on one.

use std::io::{self, ErrorKind, Write};

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
