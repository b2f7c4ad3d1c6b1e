//! The writers that the vectors go through, each with its whole lines captured.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use logx::sink::Sink;
use logx::{Encoding, Kind, NativeWriter};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;

/// A backend of logx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// logx's own engine.
    Native,
    /// slog and slog-json.
    Slog,
    /// tracing.
    Tracing,
}

/// The lines that came out, in order.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<Vec<u8>>>>);

impl Captured {
    /// Takes what came out since the last time.
    ///
    /// # Errors
    /// A line that is not UTF-8.
    pub fn take(&self) -> Result<Vec<String>> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(lines.into_iter().map(String::from_utf8).collect::<Result<_, _>>()?)
    }
}

impl Sink for Captured {
    fn write_line(&self, _kind: Kind, line: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_vec());
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self, _deadline: Duration) -> io::Result<()> {
        Ok(())
    }
}

impl Backend {
    /// Makes this backend the process's writer and captures its lines.
    ///
    /// # Errors
    /// The backend cannot be set up.
    pub fn install(self) -> Result<Captured> {
        let captured = Captured::default();
        let sink = Arc::new(captured.clone());
        match self {
            Self::Native => logx::set_writer(NativeWriter::new(sink, Encoding::Json)),
            Self::Slog => logx::set_writer(SlogWriter::with_sink(sink, Encoding::Json)),
            Self::Tracing => logx::set_writer(TracingWriter::with_sink(sink, Encoding::Json)),
        }
        Ok(captured)
    }
}
