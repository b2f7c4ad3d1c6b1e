//! Lines to an `io::Write` through the background writer.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::time::{Duration, Instant};

use super::Sink;
use super::worker::{Failed, Output, Overflow, Worker};
use crate::level::Kind;

/// Takes lines of all kinds and writes them to one output on a thread of its own, many at once.
///
/// A call costs a copy into a buffer. Lines are with the output within about 20 ms; `flush` and `close` wait for them.
pub struct Background(Worker);

impl Background {
    /// A background writer to `out` that holds at most `capacity` bytes (twice that while it writes).
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(out: impl Write + Send + 'static, capacity: usize, overflow: Overflow) -> io::Result<Self> {
        Worker::start(Out(out), 1, capacity, overflow).map(Self)
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background")
    }
}

impl Sink for Background {
    #[inline]
    fn write_line(&self, _kind: Kind, line: &[u8]) -> io::Result<()> {
        self.0.push(0, line)
    }

    fn flush(&self) -> io::Result<()> {
        flush_worker(&self.0)
    }

    fn close(&self, deadline: Duration) -> io::Result<()> {
        self.0.close(Instant::now() + deadline)
    }
}

/// Waits for the worker, at most as long as a close would.
pub(crate) fn flush_worker(worker: &Worker) -> io::Result<()> {
    match worker.flush(Instant::now() + crate::CLOSE_DEADLINE) {
        0 => Ok(()),
        left => Err(io::Error::new(ErrorKind::TimedOut, format!("{left} lines are not written yet"))),
    }
}

struct Out<W>(W);

impl<W: Write + Send + 'static> Output for Out<W> {
    fn write_batch(&mut self, _channel: usize, bytes: &[u8]) -> Result<(), Failed> {
        write_all_counting(&mut self.0, bytes)?;
        // An output with a buffer of its own would keep lines back.
        self.0.flush().map_err(|error| Failed { written: bytes.len(), error })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes all bytes; on an error says how many went out.
pub(crate) fn write_all_counting(out: &mut impl Write, bytes: &[u8]) -> Result<(), Failed> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return Err(Failed { written, error: ErrorKind::WriteZero.into() }),
            Ok(n) => written += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failed { written, error }),
        }
    }
    Ok(())
}
