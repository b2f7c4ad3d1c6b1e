//! What adapters to other logging libraries need: a line's keys and values in the few forms that all of them know,
//! keys that live for ever, and the encoder.

mod places;
mod plain;
mod rendered;

pub use plain::PlainLine;
pub(crate) use rendered::Made;
pub use rendered::{Item, KeysId, Lent, Rendered};

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::encode::{guard, json, number, text};
use crate::error::WriteError;
use crate::field::Key;
use crate::level::Kind;
use crate::local;
use crate::sink::Sink;
use crate::value::Value;

/// A value as other libraries know it: everything else is rendered, just as the native writer prints it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Flat<'a> {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A finite double.
    F64(f64),
    /// Text.
    Str(&'a str),
    /// JSON text on one line: a list, an object, or a number that no other form holds.
    Json(&'a str),
}

impl<'a> Flat<'a> {
    /// A value that needs no rendering.
    #[inline(always)]
    pub(crate) const fn lend(value: &Value<'a>) -> Option<Self> {
        match *value {
            Value::Str(v) => Some(Self::Str(v)),
            Value::I64(v) => Some(Self::I64(v)),
            Value::U64(v) => Some(Self::U64(v)),
            Value::Bool(v) => Some(Self::Bool(v)),
            Value::F64(v) if v.is_finite() => Some(Self::F64(v)),
            Value::Null => Some(Self::Null),
            _ => None,
        }
    }

    /// A value of [`Rendered::lent`].
    #[inline(always)]
    #[must_use]
    pub const fn of(value: &Value<'a>) -> Self {
        match Self::lend(value) {
            Some(flat) => flat,
            None => Self::Null,
        }
    }
}

impl<'a> From<Flat<'a>> for Value<'a> {
    fn from(flat: Flat<'a>) -> Self {
        match flat {
            Flat::Null => Value::Null,
            Flat::Bool(v) => Value::Bool(v),
            Flat::I64(v) => Value::I64(v),
            Flat::U64(v) => Value::U64(v),
            Flat::F64(v) => Value::F64(v),
            Flat::Str(v) => Value::Str(v),
            Flat::Json(v) => Value::Json(v),
        }
    }
}

/// The double that prints with a single-precision float's own shortest digits, not with those of the double nearest to it.
fn double_of(v: f32) -> f64 {
    let mut digits = Vec::with_capacity(24);
    number::push_f32(&mut digits, v);
    std::str::from_utf8(&digits).ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| f64::from(v))
}

/// The form of a JSON text; unescaped text is kept in `unescaped`.
fn of_json<'a>(json: &'a str, unescaped: &'a mut String) -> Flat<'a> {
    match json.as_bytes() {
        b"null" => Flat::Null,
        b"true" => Flat::Bool(true),
        b"false" => Flat::Bool(false),
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Flat::Str(&json[1..json.len() - 1]),
        [b'"', ..] => {
            *unescaped = serde_json::from_str(json).unwrap_or_default();
            Flat::Str(unescaped)
        }
        [b'{' | b'[', ..] => Flat::Json(json),
        _ => number_of(json),
    }
}

fn number_of(json: &str) -> Flat<'_> {
    if json.contains(['.', 'e', 'E']) {
        return json.parse().ok().filter(|n: &f64| n.is_finite()).map_or(Flat::Json(json), Flat::F64);
    }
    let unsigned = || json.parse().map(Flat::U64);
    json.parse().map(Flat::I64).or_else(|_| unsigned()).unwrap_or(Flat::Json(json))
}

/// At most so many keys of all threads together live for ever.
pub const MAX_INTERNED_KEYS: usize = 4_096;
/// And at most so many bytes of them.
pub const MAX_INTERNED_BYTES: usize = 256 * 1024;
/// Slots of a thread's own cache in front of the common table.
const CACHE_SLOTS: usize = 128;

thread_local! {
    static KEYS: RefCell<[&'static str; CACHE_SLOTS]> = const { RefCell::new([""; CACHE_SLOTS]) };
}

/// The key for ever; `None` when as many as may live for ever do so already.
#[must_use]
pub fn intern(key: Key<'_>) -> Option<&'static str> {
    match key {
        Key::Static(key) => Some(key),
        Key::Dyn(key) => intern_text(key),
    }
}

fn intern_text(text: &str) -> Option<&'static str> {
    let slot = crate::site::signature(text) as usize % CACHE_SLOTS;
    let known = KEYS.try_with(|keys| keys.try_borrow().ok().map(|keys| keys[slot])).ok().flatten();
    if let Some(known) = known.filter(|known| *known == text) {
        return Some(known);
    }
    let text = intern_in_table(text)?;
    // A thread that ends has no cache any more: the table serves it.
    let _ = KEYS.try_with(|keys| keys.try_borrow_mut().map(|mut keys| keys[slot] = text));
    Some(text)
}

#[cold]
fn intern_in_table(text: &str) -> Option<&'static str> {
    static TABLE: Mutex<Option<(HashSet<&'static str>, usize)>> = Mutex::new(None);
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let (known, bytes) = table.get_or_insert_with(Default::default);
    if let Some(text) = known.get(text) {
        return Some(text);
    }
    if known.len() >= MAX_INTERNED_KEYS || *bytes + text.len() > MAX_INTERNED_BYTES {
        return None;
    }
    *bytes += text.len();
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    known.insert(text);
    Some(text)
}

/// Appends `,"key":`.
#[inline]
pub fn push_key(out: &mut Vec<u8>, key: &str) {
    crate::site::push_key(out, key);
}

/// Appends a value as JSON; nothing is masked by its key.
#[inline]
pub fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    json::push_value(out, value, crate::format::MaskKeys::none());
}

/// Runs `f` with an empty buffer that is kept for the thread's next line.
#[inline]
pub fn with_buffer<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    local::with_buffer(f)
}

/// Whether this thread is inside a writer: a line that is logged now comes from the writer's own doing and would go
/// round in a circle. A value that logs while it is rendered is not meant.
#[must_use]
pub fn in_writer() -> bool {
    !guard::is_rendering() && local::is_inside()
}

/// Cuts off a line that would go round in a circle, counted in [`Health::reentrant`](crate::Health::reentrant).
pub fn cut_off() {
    crate::health::count_reentrant();
}

/// Hands a whole line to a sink and counts its bytes, on whatever thread.
///
/// # Errors
/// [`WriteError::Closed`] when the sink is closed, else what the sink reports.
pub fn write_line(sink: &dyn Sink, kind: Kind, line: &[u8]) -> Result<(), WriteError> {
    crate::writer::native::write_line(sink, kind, line)
}

/// The value as text; a value whose code panics or fails gives its mark.
#[must_use]
pub fn text(value: Value<'_>) -> String {
    text::to_string(value)
}

/// Runs foreign code that gives values: a panic or an error becomes the mark that stands for the value, counted.
///
/// # Errors
/// The mark.
pub fn guarded<E: std::fmt::Display>(code: impl FnOnce() -> Result<(), E>) -> Result<(), String> {
    guard::run(code)
}
