//! A line's values as tracing takes them.

use std::cell::Cell;
use std::fmt;

use logx::bridge::Flat;
use tracing_core::field::{DebugValue, Value, debug};

thread_local! {
    /// Set by a [`Text`] that is JSON when it is printed: how our own layers know nested values from text.
    static PRINTED_JSON: Cell<Json> = const { Cell::new(Json::No) };
}

/// What the value that was printed last is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// Text.
    No,
    /// JSON of a value.
    Value,
    /// A JSON object whose keys belong to the line itself.
    Splice,
}

/// Runs `print`, which prints one value; tells whether that was JSON of ours.
pub(crate) fn printing<R>(print: impl FnOnce() -> R) -> (R, Json) {
    let _ = PRINTED_JSON.try_with(|p| p.set(Json::No));
    let result = print();
    (result, PRINTED_JSON.try_with(|p| p.replace(Json::No)).unwrap_or(Json::No))
}

/// JSON that prints as it is: tracing has no nested values that a library can count on.
pub(crate) struct Text<'a> {
    json: &'a str,
    kind: Json,
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = PRINTED_JSON.try_with(|p| p.set(self.kind));
        f.write_str(self.json)
    }
}

impl<'a> Text<'a> {
    /// JSON of a value.
    pub(crate) fn value(json: &'a str) -> DebugValue<Self> {
        debug(Self { json, kind: Json::Value })
    }

    /// A JSON object whose keys belong to the line itself.
    pub(crate) fn splice(object: &'a str) -> DebugValue<Self> {
        debug(Self { json: object, kind: Json::Splice })
    }
}

/// The value as tracing's own; what is JSON has to be a [`Text`] somewhere.
#[inline]
pub(crate) fn plain<'v>(value: &'v Flat<'_>) -> Option<&'v dyn Value> {
    match value {
        Flat::Bool(v) => Some(v),
        Flat::I64(v) => Some(v),
        Flat::U64(v) => Some(v),
        Flat::F64(v) => Some(v),
        Flat::Str(v) => Some(v),
        _ => None,
    }
}

/// JSON of a value that tracing has no form for. tracing leaves out what has no value; a key with the value null is not
/// that.
pub(crate) fn json_of<'a>(value: Flat<'a>) -> &'a str {
    match value {
        Flat::Json(json) => json,
        _ => "null",
    }
}
