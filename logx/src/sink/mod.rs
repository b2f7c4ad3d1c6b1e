//! Where whole lines go: console, files, streams. They belong to logx, whatever backend made the line.

mod background;
mod compress;
pub(crate) mod console;
mod file;
mod files;
pub(crate) mod lines;
mod rotate;
pub(crate) mod stderr;
mod stream;
mod worker;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use background::Background;
pub use stream::stream;
pub use worker::Overflow;

use crate::conf::{LogConf, Mode};
use crate::error::SetUpError;
use crate::level::Kind;

/// Takes whole lines with their kind, and splits them up as the mode says.
pub trait Sink: Send + Sync + std::fmt::Debug {
    /// Takes one line, its newline included.
    ///
    /// # Errors
    /// What keeps it from being written; `ErrorKind::NotConnected` once the sink is closed.
    fn write_line(&self, kind: Kind, line: &[u8]) -> io::Result<()>;

    /// Waits until every line taken before is with the operating system.
    ///
    /// # Errors
    /// What could not be written.
    fn flush(&self) -> io::Result<()>;

    /// Flushes and gives up what the sink holds, within `deadline`. A second close does nothing.
    ///
    /// # Errors
    /// What was not written by then.
    fn close(&self, deadline: Duration) -> io::Result<()>;

    /// Whether a person may be looking: then plain lines are coloured.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// Opens the sink that a configuration describes.
///
/// # Errors
/// A directory or file that cannot be opened, or a key that is missing.
pub fn open(conf: &LogConf) -> Result<Arc<dyn Sink>, SetUpError> {
    match conf.mode {
        Mode::Console => Ok(Arc::new(console::Console::new())),
        Mode::File | Mode::Volume => Ok(Arc::new(files::Files::open(conf)?)),
    }
}
