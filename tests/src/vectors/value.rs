//! The tagged values of the vectors, held so that logx sees each as what it is: an error, a printable value, a secret.

use std::error::Error;
use std::fmt;

use logx::{OwnedValue, Sensitive, Time, Value};
use serde::Deserialize;
use serde::de::Error as _;

use super::SECRET;

/// A value that outlives the call.
#[derive(Debug)]
pub(super) enum Held {
    Plain(OwnedValue),
    Error(Text),
    Errors(Vec<Text>),
    Display(Text),
    Json(serde_json::Value),
    Masked(Secret),
}

/// An error, or a value that only knows how to print itself.
#[derive(Debug)]
pub(super) struct Text(String);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Text {}

/// A secret with its mask.
#[derive(Debug)]
pub(super) struct Secret {
    mask: OwnedValue,
}

impl Sensitive for Secret {
    fn mask(&self) -> OwnedValue {
        self.mask.clone()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SECRET)
    }
}

impl Held {
    /// The items of a list, which [`Held::value`] refers to.
    pub(super) fn items(&self) -> Vec<Value<'_>> {
        match self {
            Self::Errors(errors) => errors.iter().map(|e| Value::error(e)).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn value<'a>(&'a self, items: &'a [Value<'a>]) -> Value<'a> {
        match self {
            Self::Plain(value) => value.as_value(),
            Self::Error(error) => Value::error(error),
            Self::Errors(_) => Value::List(items),
            Self::Display(text) => Value::display(text),
            Self::Json(json) => Value::serde(json),
            Self::Masked(secret) => Value::masked(secret),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(OwnedValue::Str(text)) => Some(text),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
enum Tagged {
    Str { v: String },
    Bool { v: bool },
    F64 { v: f64 },
    I64 { v: String },
    U64 { v: String },
    Null,
    Duration { ns: String },
    Durations { ns: Vec<String> },
    Time { unix_ns: String, offset_s: i32 },
    Error { msg: String },
    Errors { msgs: Vec<String> },
    Display { text: String },
    Bytes { hex: String },
    Json { v: serde_json::Value },
    Masked { mask: Box<Tagged> },
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tagged::deserialize(deserializer)?.hold().map_err(D::Error::custom)
    }
}

impl Tagged {
    fn hold(self) -> anyhow::Result<Held> {
        Ok(Held::Plain(match self {
            Self::Str { v } => OwnedValue::Str(v.into()),
            Self::Bool { v } => OwnedValue::Bool(v),
            Self::F64 { v } => OwnedValue::F64(v),
            Self::I64 { v } => OwnedValue::I64(v.parse()?),
            Self::U64 { v } => OwnedValue::U64(v.parse()?),
            Self::Null => OwnedValue::Null,
            Self::Duration { ns } => OwnedValue::Duration(ns.parse()?),
            Self::Durations { ns } => {
                let items: Result<_, std::num::ParseIntError> =
                    ns.iter().map(|ns| Ok(OwnedValue::Duration(ns.parse()?))).collect();
                OwnedValue::List(items?)
            }
            Self::Time { unix_ns, offset_s } => OwnedValue::Time(Time::from_unix_nanos(unix_ns.parse()?, offset_s)),
            Self::Bytes { hex } => OwnedValue::Bytes(bytes(&hex)?.into()),
            Self::Error { msg } => return Ok(Held::Error(Text(msg))),
            Self::Errors { msgs } => return Ok(Held::Errors(msgs.into_iter().map(Text).collect())),
            Self::Display { text } => return Ok(Held::Display(Text(text))),
            Self::Json { v } => return Ok(Held::Json(v)),
            Self::Masked { mask } => {
                let mask = mask.hold()?;
                let mask = OwnedValue::from_value(mask.value(&mask.items()));
                return Ok(Held::Masked(Secret { mask }));
            }
        }))
    }
}

fn bytes(hex: &str) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(hex.len().is_multiple_of(2) && hex.is_ascii(), "odd hex {hex:?}");
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&hex[at..at + 2], 16)?)).collect()
}
