//! A logging facade with go-zero's vocabulary, one pluggable [`Writer`], and lines that cannot break.
//!
//! # In a service
//!
//! ```
//! # fn serve() -> Result<(), std::io::Error> { Ok(()) }
//! logx::must(logx::set_up(&logx::LogConf::default()));
//!
//! let (uid, cost) = (7, std::time::Duration::from_micros(1_500));
//! logx::info!(uid, cost; "registered {}", "ann");
//! logx::with_duration(cost).sloww("a slow call", &[logx::field("uid", uid)]);
//! if let Err(err) = serve() {
//!     logx::error!(err:err = err; "the server stopped");
//! }
//! # let _ =
//! logx::close();
//! ```
//!
//! Calls come in five forms: text (`info`), formatted text (`infof`), any serializable value (`infov`), a message with
//! fields (`infow`) and lazily made (`infofn`); as functions, as methods of a [`Log`], and as macros, whose arguments are
//! not evaluated when the line does not pass. See [`info!`], [`LogCalls`] and [`Log`].
//!
//! A service calls [`set_up`] (go-zero's configuration, [`LogConf`]) or [`set_writer`] once at its start, and [`close`] at
//! its end; where lines go never matters in between.
//!
//! # A request
//!
//! [`Context`] carries trace, span and fields: [`scope`] for a closure, [`instrument`] for a future,
//! [`with_context`] by hand.
//!
//! ```
//! let context = logx::Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_field("request", "r-1");
//! logx::scope(&context, || logx::info("both are on this line"));
//! ```
//!
//! # What a line is
//!
//! One JSON object with unique keys (or one line of plain text), whatever its values do: what panics or fails stands as
//! `"!panic: ..."` or `"!error: ..."` in its place. Errors print with their causes, durations and times as in go-zero,
//! bytes as base64. Secrets go in as [`Masked`] or [`Sensitive`], or are masked by key ([`LogConf::mask_keys`]).
//!
//! # In a library
//!
//! Log with the macros and set nothing up. Without a writer the first line makes a console writer.
//!
//! # In a test
//!
//! [`testing::collect`] keeps this thread's records.
//!
//! # For a backend
//!
//! Implement [`Writer`]: one method. Everything about a line is in its [`Record`]. What is lost or goes wrong is counted in
//! [`health`].
//!
//! # Common mistakes
//!
//! A value that is no plain one needs its way of printing:
//!
//! ```compile_fail
//! struct User;
//! logx::info!(user = User; "use user:serde, user:debug or user:display");
//! ```
//!
//! Fields stand in front of the message, with a semicolon between:
//!
//! ```compile_fail
//! logx::info!("registered", uid = 7);
//! ```
//!
//! An unknown way of printing:
//!
//! ```compile_fail
//! logx::info!(uid:json = 7; "there is display, debug, err, serde, mask and bytes");
//! ```
//!
//! A missing argument, a type that cannot be serialized, and a result that is no error:
//!
//! ```compile_fail
//! logx::info!("{} and {}", 1);
//! ```
//!
//! ```compile_fail
//! struct User;
//! logx::infov(&User);
//! ```
//!
//! ```compile_fail
//! logx::error!(err:err = "text is no error: use err = ..."; "failed");
//! ```

#![deny(missing_docs)]

mod api;
#[cfg(feature = "log")]
mod bridge_log;
mod caller;
mod calls;
mod color;
mod conf;
mod context;
mod dispatch;
mod encode;
mod error;
mod event;
mod field;
mod fields;
mod format;
mod global;
mod health;
mod hooks;
mod level;
mod limit;
mod local;
mod logger;
mod macros;
mod memo;
mod owned;
mod record;
mod sensitive;
mod site;
mod stack;
mod value;
mod writer;

pub mod bridge;
#[doc(hidden)]
pub mod private;
pub mod sink;
pub mod testing;

pub use api::{
    CLOSE_DEADLINE, add_global_fields, add_writer, close, close_within, disable, disable_stat, enable_stat, enabled,
    flush, level, must, reconfigure, reset, set_exit_on_fatal, set_level, set_target_level, set_up, set_up_with,
    set_writer,
};
#[cfg(feature = "log")]
pub use bridge_log::{LogBridge, init_log_bridge};
pub use caller::Caller;
pub use calls::functions::*;
pub use calls::{Content, Lazy, LogCalls};
pub use color::{Color, with_color, with_color_padding};
pub use conf::{Encoding, LogConf, Mode, Rotation};
pub use context::{Context, ContextSource, InContext, InLogContext, TraceIds, instrument, scope, set_context_source};
pub use encode::{Encode, EncodeError, Encoder};
pub use error::{SetUpError, WriteError};
pub use event::Event;
pub use field::{Field, Key, field, keys};
pub use format::FieldKeys;
pub use health::{Health, count_dropped, health};
#[cfg(all(feature = "signal", unix))]
pub use hooks::flush_on_signal;
pub use hooks::install_panic_hook;
pub use level::{Kind, Level, ParseLevelError};
pub use limit::{LessLogger, LessWriter};
pub use logger::{Line, Log, Logger, logger};
pub use owned::{OwnedField, OwnedValue};
pub use record::{OwnedRecord, Record};
pub use sensitive::{MASK, Masked, Sensitive};
pub use site::Site;
pub use value::{Time, ToValue, Value};
pub use writer::native::write_to;
pub use writer::{FromFn, NativeWriter, Stream, Writer, from_fn};
