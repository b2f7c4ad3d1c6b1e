//! Values and fields that own what they hold: for loggers, contexts, queues and collectors.

use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::field::{Field, Key};
use crate::value::{Time, Value, nanos};

/// A value that owns what it holds.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// JSON `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A double.
    F64(f64),
    /// A single-precision float.
    F32(f32),
    /// Text.
    Str(Box<str>),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// A signed duration in nanoseconds.
    Duration(i64),
    /// A point in time.
    Time(Time),
    /// A list.
    List(Vec<OwnedValue>),
    /// Nested fields.
    Object(Vec<OwnedField>),
    /// JSON text, valid and on one line.
    Json(Box<str>),
}

impl OwnedValue {
    /// The value by reference.
    #[must_use]
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(*v),
            Self::I64(v) => Value::I64(*v),
            Self::U64(v) => Value::U64(*v),
            Self::F64(v) => Value::F64(*v),
            Self::F32(v) => Value::F32(*v),
            Self::Str(v) => Value::Str(v),
            Self::Bytes(v) => Value::Bytes(v),
            Self::Duration(v) => Value::Duration(*v),
            Self::Time(v) => Value::Time(*v),
            Self::List(v) => Value::OwnedList(v),
            Self::Object(v) => Value::OwnedObject(v),
            Self::Json(v) => Value::Json(v),
        }
    }

    /// Any serializable value, rendered at once under the present masks.
    pub fn serde<T: Serialize>(value: &T) -> Self {
        Self::from_value(Value::Encode(value))
    }

    /// Renders what is foreign (display, debug, errors, serialized values, masks) and copies the rest; lists and objects
    /// nested deeper than 100 levels become a mark.
    #[must_use]
    pub fn from_value(value: Value<'_>) -> Self {
        Self::from_value_at(value, 1)
    }

    fn from_value_at(value: Value<'_>, depth: u32) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Bool(v),
            Value::I64(v) => Self::I64(v),
            Value::U64(v) => Self::U64(v),
            Value::F64(v) => Self::F64(v),
            Value::F32(v) => Self::F32(v),
            Value::Str(v) | Value::Cut(v, _) => Self::Str(v.into()),
            Value::Bytes(v) => Self::Bytes(v.into()),
            Value::Duration(v) => Self::Duration(v),
            Value::Time(v) => Self::Time(v),
            Value::List(_) | Value::Object(_) | Value::OwnedList(_) | Value::OwnedObject(_)
                if depth > crate::encode::json::MAX_DEPTH =>
            {
                Self::Str(crate::encode::guard::unprintable("nested too deeply").into())
            }
            Value::List(v) => Self::List(v.iter().map(|v| Self::from_value_at(*v, depth + 1)).collect()),
            Value::OwnedList(v) => Self::List(v.iter().map(|v| Self::from_value_at(v.as_value(), depth + 1)).collect()),
            Value::Object(v) => {
                Self::Object(v.iter().map(|f| Self::field_at(f.key.as_str(), f.value, depth)).collect())
            }
            Value::OwnedObject(v) => {
                Self::Object(v.iter().map(|f| Self::field_at(&f.key, f.value.as_value(), depth)).collect())
            }
            Value::Fmt(_) | Value::Error(_) | Value::Display(_) | Value::Debug(_) => {
                Self::Str(crate::encode::text::to_string(value).into())
            }
            Value::Encode(_) => Self::Json(crate::encode::json::to_string(value).into()),
            Value::Json(v) => Self::Json(v.into()),
            Value::Masked(v) => crate::encode::guard::mask_of(v),
        }
    }

    fn field_at(key: &str, value: Value<'_>, depth: u32) -> OwnedField {
        OwnedField { key: key.into(), value: Self::from_value_at(value, depth + 1) }
    }

    /// The value as logx prints it in a field, as a JSON tree.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::from_str(&crate::encode::json::to_string(self.as_value())).unwrap_or_default()
    }
}

impl Serialize for OwnedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(v) => serializer.serialize_bool(*v),
            Self::I64(v) => serializer.serialize_i64(*v),
            Self::U64(v) => serializer.serialize_u64(*v),
            Self::F64(v) => serializer.serialize_f64(*v),
            Self::F32(v) => serializer.serialize_f32(*v),
            Self::Str(v) => serializer.serialize_str(v),
            Self::List(v) => serializer.collect_seq(v),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for field in fields {
                    map.serialize_entry(&*field.key, &field.value)?;
                }
                map.end()
            }
            Self::Bytes(_) | Self::Duration(_) | Self::Time(_) | Self::Json(_) => self.to_json().serialize(serializer),
        }
    }
}

impl<'a, T: Into<Value<'a>>> From<T> for OwnedValue {
    fn from(value: T) -> Self {
        Self::from_value(value.into())
    }
}

/// A key with its value, both owned.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedField {
    /// The key.
    pub key: Box<str>,
    /// The value.
    pub value: OwnedValue,
}

impl OwnedField {
    /// A field of a key and anything that is a value.
    pub fn new(key: impl Into<Box<str>>, value: impl Into<OwnedValue>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// The field by reference.
    #[must_use]
    pub fn as_field(&self) -> Field<'_> {
        Field { key: Key::Dyn(&self.key), value: self.value.as_value() }
    }
}

impl From<&Field<'_>> for OwnedField {
    fn from(field: &Field<'_>) -> Self {
        Self { key: field.key.as_str().into(), value: OwnedValue::from_value(field.value) }
    }
}

impl From<Field<'_>> for OwnedField {
    fn from(field: Field<'_>) -> Self {
        Self::from(&field)
    }
}

impl From<&OwnedField> for OwnedField {
    fn from(field: &OwnedField) -> Self {
        field.clone()
    }
}

/// What `OwnedValue` cannot take through [`Value`]: owned text, times and durations come by value.
impl OwnedValue {
    /// Owned text.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Str(text.into())
    }

    /// A duration.
    #[must_use]
    pub fn duration(d: Duration) -> Self {
        Self::Duration(nanos(d))
    }

    /// A time, in the local zone.
    #[must_use]
    pub fn time(t: SystemTime) -> Self {
        Self::Time(Time::local(t))
    }
}
