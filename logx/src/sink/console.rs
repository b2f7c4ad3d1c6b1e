//! go-zero's console mode: info kinds to stdout, error kinds to stderr, one `write` a line.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Sink;
use super::lines::Lines;
use crate::level::Kind;

/// The process's standard streams.
#[derive(Debug)]
pub(crate) struct Console {
    out: Mutex<Lines<Std>>,
    err: Mutex<Lines<Std>>,
    terminal: bool,
}

/// One of the standard streams, without a buffer of our own in front of it.
#[derive(Debug)]
enum Std {
    Out,
    Err,
}

impl Write for Std {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                let n = out.write(bytes)?;
                // Whatever the standard library kept back for want of a newline.
                out.flush()?;
                Ok(n)
            }
            Self::Err => io::stderr().lock().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Out => io::stdout().lock().flush(),
            Self::Err => Ok(()),
        }
    }
}

impl Console {
    pub(crate) fn new() -> Self {
        Self {
            out: Mutex::new(Lines::new(Std::Out)),
            err: Mutex::new(Lines::new(Std::Err)),
            terminal: crate::color::is_wanted(),
        }
    }
}

impl Sink for Console {
    fn write_line(&self, kind: Kind, line: &[u8]) -> io::Result<()> {
        let stream = if kind.is_error_kind() { &self.err } else { &self.out };
        stream.lock().unwrap_or_else(PoisonError::into_inner).write_line(line)
    }

    fn flush(&self) -> io::Result<()> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }

    /// The streams belong to the process and stay open.
    fn close(&self, _deadline: Duration) -> io::Result<()> {
        self.flush()
    }

    fn is_terminal(&self) -> bool {
        self.terminal
    }
}
