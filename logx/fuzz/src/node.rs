//! Values that misbehave.

use std::fmt;

use logx::{OwnedValue, Value};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

/// A value that misbehaves in any way that a program can say.
#[derive(Debug)]
pub(crate) enum Node {
    Owned(OwnedValue),
    Text(String),
    Panics(String),
    Fails(String),
    List(Vec<Node>),
    /// Keys may be of any kind, and come again.
    Map(Vec<(Node, Node)>),
    Struct(Vec<(&'static str, Node)>),
    Wrapped(Box<Node>),
    /// Goes on after a failure.
    Swallows(Vec<Node>),
    /// A key without a value, or the reverse.
    Disorder(Vec<(bool, Node)>),
    Raw(String),
    Float(f64),
    Display(Box<Node>),
    Debug(Box<Node>),
}

impl Node {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Owned(value) => value.as_value(),
            Self::Text(text) => Value::Str(text),
            Self::Float(n) => Value::F64(*n),
            Self::Raw(text) => Value::Json(text),
            Self::Display(node) => Value::Display(&**node),
            Self::Debug(node) => Value::Debug(&**node),
            other => Value::Encode(other),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panics(text) => panic!("{text}"),
            Self::Fails(text) => {
                f.write_str(text)?;
                Err(fmt::Error)
            }
            Self::Text(text) | Self::Raw(text) => f.write_str(text),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Owned(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Panics(text) => panic!("{text}"),
            Self::Fails(text) => Err(S::Error::custom(text)),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(k, v)| (k, v))),
            Self::Struct(fields) => {
                let mut open = serializer.serialize_struct("Struct", fields.len())?;
                for (key, value) in fields {
                    open.serialize_field(key, value)?;
                }
                open.end()
            }
            Self::Wrapped(node) => serializer.serialize_newtype_variant("Wrapped", 0, "variant", node),
            Self::Swallows(items) => {
                let mut open = serializer.serialize_seq(None)?;
                for item in items {
                    let _ = open.serialize_element(item);
                }
                open.end()
            }
            Self::Disorder(steps) => {
                let mut open = serializer.serialize_map(None)?;
                for (is_key, node) in steps {
                    let _ = if *is_key { open.serialize_key(node) } else { open.serialize_value(node) };
                }
                open.end()
            }
            Self::Raw(text) => {
                let name = "$serde_json::private::RawValue";
                let mut open = serializer.serialize_struct(name, 1)?;
                open.serialize_field(name, text)?;
                open.end()
            }
            Self::Float(n) => serializer.serialize_f64(*n),
            Self::Display(node) => serializer.collect_str(node),
            Self::Debug(node) => serializer.serialize_some(node),
        }
    }
}
