//! Today's libraries, each set up as its documentation says, on the same sink behind a lock.

mod same_fields;
mod slog_json;
mod spdlog_json;
mod structured;
mod tracing_json;

pub use same_fields::{SlogSame, TracingSame, own_logger};
pub use slog_json::{SlogJson, slog_async};
pub use spdlog_json::SpdlogJson;
pub use structured::Structured;
pub use tracing_json::{Late, TracingJson, stock_json};
