//! Reads a line and adds what it has to a shape, building no values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Shape;
use crate::cli::scan::Kind;

/// Adds the types in `line` to `shape`.
pub(super) fn observe(shape: &mut Shape, line: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    See(shape).deserialize(&mut reader)?;
    reader.end()
}

struct See<'s>(&'s mut Shape);

impl See<'_> {
    fn add<E>(self, kind: Kind) -> Result<(), E> {
        self.0.add(kind);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for See<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for See<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.add(Kind::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.add(Kind::Boolean)
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.add(Kind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.add(Kind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.add(Kind::Number)
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.add(Kind::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.add(Kind::Array);
        while elements.next_element_seed(See(self.0.items()))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.add(Kind::Object);
        while let Some(key) = entries.next_key::<Key<'de>>()? {
            match self.0.key(&key.0) {
                Some(shape) => entries.next_value_seed(See(shape))?,
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key, borrowed from the line where it has no escapes.
#[derive(serde::Deserialize)]
pub(super) struct Key<'a>(#[serde(borrow)] pub(super) std::borrow::Cow<'a, str>);
