//! go-zero's `NewWriter`: every line to one `io::Write`.

use std::fmt;
use std::io::Write as IoWrite;
use std::time::Duration;

use super::Writer;
use crate::error::WriteError;
use crate::record::Record;
use crate::sink::lines::SharedLines;

/// Writes every line, of all kinds, as JSON to one `io::Write`, one `write` a line, under a lock.
///
/// The line is put together before the lock is taken.
///
/// An output whose own `write` logs is refused that line, which then shows on stderr: it would wait for itself.
pub struct Stream<W>(SharedLines<W>);

impl<W: IoWrite + Send> Stream<W> {
    /// A writer to `out`.
    pub fn new(out: W) -> Self {
        Self(SharedLines::new(out))
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
        record.with_buffer(|line| {
            record.push_json(line);
            self.0.write_line(line, record.token())?;
            record.count_bytes(line.len());
            Ok(())
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        Ok(self.0.flush()?)
    }

    fn close(&self, _deadline: Duration) -> Result<(), WriteError> {
        self.flush()
    }
}
