//! logx's own engine: lines encoded on the calling thread, handed whole to a sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Writer;
use crate::conf::{Encoding, LogConf};
use crate::error::{SetUpError, WriteError};
use crate::level::Kind;
use crate::local;
use crate::record::Record;
use crate::sink::{self, Sink};

/// The native writer: JSON or plain lines to the console or to files, as a configuration says.
#[derive(Debug)]
pub struct NativeWriter {
    sink: Arc<dyn Sink>,
    encoding: Encoding,
    closed: AtomicBool,
}

impl NativeWriter {
    /// The writer that a configuration describes.
    ///
    /// # Errors
    /// A directory or file that cannot be opened, or a key that is missing.
    pub fn from_conf(conf: &LogConf) -> Result<Self, SetUpError> {
        Ok(Self::new(sink::open(conf)?, conf.encoding))
    }

    /// A writer of an encoding to a sink.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, encoding: Encoding) -> Self {
        Self { sink, encoding, closed: AtomicBool::new(false) }
    }

    /// JSON lines to the console: what a program gets that sets nothing up.
    #[must_use]
    pub fn console() -> Self {
        Self::new(Arc::new(sink::console::Console::new()), Encoding::Json)
    }
}

impl Writer for NativeWriter {
    #[inline]
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(WriteError::Closed);
        }
        record.with_buffer(|line| {
            match self.encoding {
                Encoding::Json => record.push_json(line),
                Encoding::Plain => record.push_plain(line, self.sink.is_terminal()),
            }
            write_to(&*self.sink, record, line)
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        Ok(self.sink.flush()?)
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        Ok(self.sink.close(deadline)?)
    }
}

/// Hands a whole line to a sink and counts its bytes: what every backend of ours ends in.
///
/// # Errors
/// [`WriteError::Closed`] when the sink is closed, else what the sink reports.
#[inline]
pub fn write_to(sink: &dyn Sink, record: &Record<'_>, line: &[u8]) -> Result<(), WriteError> {
    taken(sink.write_line(record.kind(), line))?;
    record.count_bytes(line.len());
    Ok(())
}

/// The same for a line whose record is gone.
pub(crate) fn write_line(sink: &dyn Sink, kind: Kind, line: &[u8]) -> Result<(), WriteError> {
    taken(sink.write_line(kind, line))?;
    local::count_bytes(line.len());
    Ok(())
}

fn taken(result: std::io::Result<()>) -> Result<(), WriteError> {
    result.map_err(|e| match e.kind() {
        std::io::ErrorKind::NotConnected => WriteError::Closed,
        _ => WriteError::Io(e),
    })
}
