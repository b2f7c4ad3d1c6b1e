//! Every line to one `io::Write`, as a sink.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::Sink;
use super::lines::SharedLines;
use crate::level::Kind;

/// A sink that gives each whole line of every kind to `out`, in one `write`, under a lock.
pub fn stream(out: impl Write + Send + 'static) -> Arc<dyn Sink> {
    Arc::new(StreamSink(SharedLines::new(out)))
}

struct StreamSink<W>(SharedLines<W>);

impl<W> fmt::Debug for StreamSink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamSink")
    }
}

impl<W: Write + Send> Sink for StreamSink<W> {
    #[inline]
    fn write_line(&self, _kind: Kind, line: &[u8]) -> io::Result<()> {
        self.0.write_line(line, crate::local::token())
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }

    /// The output belongs to whoever made it.
    fn close(&self, _deadline: Duration) -> io::Result<()> {
        self.flush()
    }
}
