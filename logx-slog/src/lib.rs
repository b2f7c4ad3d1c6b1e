//! slog behind logx, and logx behind slog.
//!
//! [`SlogWriter`] is a logx [`Writer`](logx::Writer) whose lines go through slog: through slog-json to logx's own sinks
//! ([`from_conf`](SlogWriter::from_conf), [`json`](SlogWriter::json), [`async_json`](SlogWriter::async_json)), or to any
//! logger of the program's own ([`new`](SlogWriter::new)). [`LogxDrain`] is a slog drain whose records become logx's.
//!
//! ```
//! use logx_slog::SlogWriter;
//!
//! let writer = logx::must(SlogWriter::from_conf(&logx::LogConf::default()));
//! logx::set_writer(writer);
//! logx::info!(uid = 7; "through slog");
//! ```

mod drain;
mod kv;
mod lines;
mod queue;
mod writer;

pub use drain::LogxDrain;
pub use queue::Overflow;
pub use writer::SlogWriter;

/// In front of a kind's name in the tag of every record that comes from logx: by it [`LogxDrain`] knows its own.
pub(crate) const TAG_PREFIX: &str = "logx:";

/// The nested object of keys that could not be interned any more.
pub(crate) const EXTRA_KEY: &str = "extra";

/// The key of the stack that a foreign logger gets with severe lines and stacks.
pub(crate) const STACK_KEY: &str = "stack";
