//! Where lines go: the [`Writer`] trait, writers made of closures, combinations, and logx's own writers.

pub(crate) mod combo;
pub(crate) mod from_fn;
pub(crate) mod native;
pub(crate) mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use from_fn::{FromFn, from_fn};
pub use native::NativeWriter;
pub use stream::Stream;

use crate::error::WriteError;
use crate::record::Record;

/// Takes lines. Only `write` is required; the methods named after the kinds, go-zero's eight and `warn`, come down to it.
///
/// A writer never filters: the threshold is applied in front of it. It is called from all threads at once. It may fail or
/// even panic: logx counts that, shows the line on stderr and goes on. A line that a writer refuses with
/// [`WriteError::Closed`] goes to the writer that is in place by then.
pub trait Writer: Send + Sync {
    /// Takes one line of any kind.
    ///
    /// # Errors
    /// Whatever keeps the line from being written.
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError>;

    /// Takes an alert.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn alert(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes a debug line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn debug(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes an error line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn error(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes an info line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn info(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes a severe line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn severe(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes a slow line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn slow(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes an error line with its stack.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn stack(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes a stat line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn stat(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Takes a warning.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn warn(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.write(record)
    }

    /// Waits until everything taken before the call is where it belongs; does nothing by default.
    ///
    /// # Errors
    /// What was not written.
    fn flush(&self) -> Result<(), WriteError> {
        Ok(())
    }

    /// Flushes and gives up what the writer holds, within `deadline`; later lines get [`WriteError::Closed`].
    /// A second close is no error. Only flushes by default.
    ///
    /// # Errors
    /// What was not written by the deadline.
    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        let _ = deadline;
        self.flush()
    }
}

impl fmt::Debug for dyn Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

/// Writers behind a pointer keep the kind's own method.
impl<W: Writer + ?Sized> Writer for Arc<W> {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        record.deliver(&**self)
    }

    fn flush(&self) -> Result<(), WriteError> {
        (**self).flush()
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        (**self).close(deadline)
    }
}
