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

/// A value with room of its own, so that tracing can have it by reference.
pub(crate) enum Slot<'a> {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(&'a str),
    Json(DebugValue<Text<'a>>),
}

impl<'a> Slot<'a> {
    fn json(json: &'a str, kind: Json) -> Self {
        Self::Json(debug(Text { json, kind }))
    }

    /// A JSON object whose keys belong to the line itself.
    pub(crate) fn splice(object: &'a str) -> Self {
        Self::json(object, Json::Splice)
    }

    #[inline]
    pub(crate) fn as_value(&self) -> &(dyn Value + '_) {
        match self {
            Self::Bool(v) => v,
            Self::I64(v) => v,
            Self::U64(v) => v,
            Self::F64(v) => v,
            Self::Str(v) => v,
            Self::Json(v) => v,
        }
    }
}

impl<'a> From<Flat<'a>> for Slot<'a> {
    #[inline]
    fn from(value: Flat<'a>) -> Self {
        match value {
            Flat::Bool(v) => Self::Bool(v),
            Flat::I64(v) => Self::I64(v),
            Flat::U64(v) => Self::U64(v),
            Flat::F64(v) => Self::F64(v),
            Flat::Str(v) => Self::Str(v),
            Flat::Json(json) => Self::json(json, Json::Value),
            // tracing leaves out what has no value; a key with the value null is not that.
            _ => Self::json("null", Json::Value),
        }
    }
}

impl Slot<'_> {
    /// Runs `use_it` with logx's form of the value.
    pub(crate) fn with_value(&self, use_it: impl FnOnce(logx::Value<'_>)) {
        match self {
            Self::Bool(v) => use_it(logx::Value::Bool(*v)),
            Self::I64(v) => use_it(logx::Value::I64(*v)),
            Self::U64(v) => use_it(logx::Value::U64(*v)),
            Self::F64(v) => use_it(logx::Value::F64(*v)),
            Self::Str(v) => use_it(logx::Value::Str(v)),
            Self::Json(v) => use_it(logx::Value::Json(&format!("{v:?}"))),
        }
    }
}
