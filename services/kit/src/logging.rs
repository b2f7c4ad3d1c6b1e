//! The one place that knows which writers are compiled in and how a request's ids reach its lines.

use std::future::Future;
use std::time::Duration;

use logx::{Context, LogConf};

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
    /// The block's other keys.
    #[error("Log: {0}")]
    Block(#[from] serde_json::Error),
    /// A file cannot be opened, or the writer cannot do what is asked for.
    #[error("Log: {0}")]
    SetUp(#[from] logx::SetUpError),
    /// The process has somebody else's way for libraries' events already.
    #[error("Log: libraries' events cannot come in: {0}")]
    Libraries(Box<dyn std::error::Error + Send + Sync>),
}

/// Brings the events of libraries (tonic, sqlx, hyper) at warn and above into logx, and below that what `Levels` lets
/// through. With tracing they come straight through its layer, and tracing hands nothing to the `log` crate; without it
/// there is no subscriber, and they come through `tracing/log`, which sqlx switches on. Never both: no line comes twice.
fn bring_libraries_in(conf: &LogConf) -> Result<(), LoggingError> {
    #[cfg(feature = "tracing")]
    let installed = logx_tracing::LogxLayer::from_conf(conf).init();
    #[cfg(not(feature = "tracing"))]
    let installed = logx::LogBridge::from_conf(conf).init();
    installed.map_err(|e| LoggingError::Libraries(e.into()))
}

/// Sets the process's logger up; once a process.
///
/// # Errors
/// The backend is not compiled in, or cannot serve the block.
pub fn set_up(log: &LogBlock) -> Result<Backend, LoggingError> {
    let compiled = Backend::compiled();
    let backend = log.backend.unwrap_or(compiled[0]);
    if !compiled.contains(&backend) {
        let names: Vec<_> = compiled.iter().map(|b| b.name()).collect();
        return Err(LoggingError::NotCompiled { found: backend.name(), compiled: names.join(", ") });
    }
    let block = serde_json::Value::Object(log.logx.clone());
    let conf: LogConf = serde_json::from_value(block)?;
    match backend {
        #[cfg(feature = "slog")]
        Backend::Slog => logx::set_up_with(&conf, logx_slog::SlogWriter::from_conf)?,
        #[cfg(feature = "tracing")]
        Backend::Tracing => logx::set_up_with(&conf, logx_tracing::TracingWriter::from_conf)?,
        _ => logx::set_up(&conf)?,
    }
    bring_libraries_in(&conf)?;
    // Rust's own hook prints text; logx's prints a line, and then whatever was there before.
    std::panic::set_hook(Box::new(|_| {}));
    logx::install_panic_hook();
    Ok(backend)
}

/// Writes what is still queued and closes the writers.
pub fn close(limit: Duration) {
    // A writer that cannot be closed has told stderr so itself, and there is no one left to tell.
    let _ = logx::close_within(limit);
}

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
    fn context(&self) -> Context {
        let mut context = Context::new();
        if !self.trace.is_empty() {
            context = context.with_trace(self.trace.as_str()).with_span(self.span.as_str());
        }
        match &self.service {
            Some(service) => context.with_field(keys::SERVICE, service.as_str()),
            None => context,
        }
    }

    /// Runs `work` with these ids on its lines.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        logx::scope(&self.context(), work)
    }

    /// Runs a future with these ids on the lines of each of its polls.
    pub fn instrument<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        logx::instrument(self.context(), work)
    }
}

/// Keys of our own on a line.
mod keys {
    /// The service, where one process holds several.
    pub(super) const SERVICE: &str = "service";
}

/// An info line with go-zero's `duration`.
#[track_caller]
pub(crate) fn info(took: Duration, text: &str) {
    logx::with_duration(took).info(text);
}

/// An error line with go-zero's `duration`.
#[track_caller]
pub(crate) fn error(took: Duration, text: &str) {
    logx::with_duration(took).error(text);
}

/// A slow line with go-zero's `duration`.
#[track_caller]
pub(crate) fn slow(took: Duration, text: &str) {
    logx::with_duration(took).slow(text);
}
