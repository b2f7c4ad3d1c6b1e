//! tracing behind logx, and logx behind tracing.
//!
//! [`TracingWriter`] is a logx [`Writer`](logx::Writer) whose lines are tracing events: for logx's own sinks
//! ([`from_conf`](TracingWriter::from_conf)) or for whatever subscriber the program has ([`new`](TracingWriter::new)).
//! [`LogxLayer`] is a layer that brings events of libraries, with the fields of their spans, into logx; [`json`] is one
//! that prints them as logx's lines in programs that only use tracing.
//!
//! ```
//! use logx_tracing::TracingWriter;
//!
//! let writer = logx::must(TracingWriter::from_conf(&logx::LogConf::default()));
//! logx::set_writer(writer);
//! logx::info!(uid = 7; "through tracing");
//! ```

mod callsite;
mod event;
mod fields;
mod ids;
mod layer;
mod levels;
mod lines;
mod sites;
mod span;
mod splice;
mod visit;
mod writer;

pub use layer::{LogxLayer, json, json_to};
pub use writer::TracingWriter;

/// In front of a kind's name in the name of every event that comes from logx: by it the layers know their own.
pub(crate) const NAME_PREFIX: &str = "logx:";

/// The JSON object of fields for which no more call-sites are made.
pub(crate) const FIELDS_KEY: &str = "fields";

/// tracing's key of the message.
pub(crate) const MESSAGE_KEY: &str = "message";

/// The key of the stack that a foreign subscriber gets with severe lines and stacks.
pub(crate) const STACK_KEY: &str = "stack";
