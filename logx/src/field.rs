//! Fields, and the names of the keys that logx itself prints.

use crate::value::{ToValue, Value};

/// The default names of the keys that logx prints itself; go-zero's.
pub mod keys {
    /// When the line was logged.
    pub const TIMESTAMP: &str = "@timestamp";
    /// The kind's word.
    pub const LEVEL: &str = "level";
    /// Directory, file and line of the call.
    pub const CALLER: &str = "caller";
    /// The message.
    pub const CONTENT: &str = "content";
    /// Milliseconds with one decimal and `ms`.
    pub const DURATION: &str = "duration";
    /// Trace id, 32 hex digits.
    pub const TRACE: &str = "trace";
    /// Span id, 16 hex digits.
    pub const SPAN: &str = "span";
    /// `true` when the content was cut.
    pub const TRUNCATED: &str = "truncated";
    /// All of them.
    pub(crate) const ALL: [&str; 8] = [TIMESTAMP, LEVEL, CALLER, CONTENT, DURATION, TRACE, SPAN, TRUNCATED];
    /// In front of a user's key that collides with one of the above.
    pub const RENAMED_PREFIX: &str = "fields.";
}

/// A field's key: known at compile time, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// Known at compile time; adapters intern it for ever.
    Static(&'static str),
    /// Made at run time.
    Dyn(&'a str),
}

impl<'a> Key<'a> {
    /// The text of the key.
    #[inline]
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        match self {
            Self::Static(s) => s,
            Self::Dyn(s) => s,
        }
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(key: &'a str) -> Self {
        Self::Dyn(key)
    }
}

/// A key with its value, both by reference.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The key; the empty key is legal, as in go-zero.
    pub key: Key<'a>,
    /// The value.
    pub value: Value<'a>,
}

impl<'a> Field<'a> {
    /// A field of a key and anything that is a value.
    pub fn new(key: &'a str, value: impl Into<Value<'a>>) -> Self {
        Self { key: Key::Dyn(key), value: value.into() }
    }

    /// A field by reference to something that has a value.
    pub fn of(key: &'a str, value: &'a (impl ToValue + ?Sized)) -> Self {
        Self { key: Key::Dyn(key), value: value.to_value() }
    }
}

/// A field of a key and anything that is a value; go-zero's `logx.Field`.
pub fn field<'a>(key: &'a str, value: impl Into<Value<'a>>) -> Field<'a> {
    Field::new(key, value)
}
