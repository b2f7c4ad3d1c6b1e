//! A record that owns what it holds.

use std::time::SystemTime;

use crate::encode::text;
use crate::level::Kind;
use crate::owned::{OwnedField, OwnedValue};

/// A record that owns what it holds: for collectors and queues.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedRecord {
    /// What the line says of itself.
    pub kind: Kind,
    /// When it was logged.
    pub time: SystemTime,
    /// The content, masked and cut as it is printed.
    pub content: OwnedValue,
    /// Whether the content was cut.
    pub truncated: bool,
    /// `directory/file:line`; empty for the kinds that print none.
    pub caller: Box<str>,
    /// The module path, or what the call said it was.
    pub target: Box<str>,
    /// The user's fields, unique and in order.
    pub fields: Vec<OwnedField>,
    /// Nanoseconds of the logger's duration.
    pub duration: Option<i64>,
    /// The trace id.
    pub trace: Option<Box<str>>,
    /// The span id.
    pub span: Option<Box<str>>,
}

impl OwnedRecord {
    /// The content as text: a text content is itself, anything else its JSON.
    #[must_use]
    pub fn text(&self) -> String {
        text::to_string(self.content.as_value())
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&OwnedValue> {
        self.fields.iter().find(|f| &*f.key == key).map(|f| &f.value)
    }

    /// A field as JSON; `null` where there is none.
    #[must_use]
    pub fn json(&self, key: &str) -> serde_json::Value {
        self.field(key).map(OwnedValue::to_json).unwrap_or_default()
    }
}
