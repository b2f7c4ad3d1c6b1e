//! The hand-written floors: what the bytes themselves cost.

mod best;
mod clock;
mod cursor;
mod plain;

pub use best::FloorBest;
pub use plain::Floor;

/// The constant text before the time, and from the time to the message.
const HEAD: &str = "{\"@timestamp\":\"";
const LEVEL_CALLER: &str = "\",\"level\":\"info\",\"caller\":\"floor/mod.rs:42\",\"content\":\"";
