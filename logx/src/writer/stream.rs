//! go-zero's `NewWriter`: every line to one `io::Write`.

use std::fmt;
use std::io::Write as IoWrite;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Writer;
use crate::error::WriteError;
use crate::local;
use crate::record::Record;
use crate::sink::lines::Lines;

/// Writes every line, of all kinds, as JSON to one `io::Write`, one `write` a line, under a lock.
///
/// The line is put together before the lock is taken.
pub struct Stream<W>(Mutex<Lines<W>>);

impl<W: IoWrite + Send> Stream<W> {
    /// A writer to `out`.
    pub fn new(out: W) -> Self {
        Self(Mutex::new(Lines::new(out)))
    }
}

impl<W> fmt::Debug for Stream<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl<W: IoWrite + Send> Writer for Stream<W> {
    #[inline]
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        local::with_buffer(|line| {
            record.push_json(line);
            // A writer that panicked has left the lock poisoned; the next line may still get through.
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write_line(line)?;
            local::count_bytes(line.len());
            Ok(())
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()?)
    }

    fn close(&self, _deadline: Duration) -> Result<(), WriteError> {
        self.flush()
    }
}
