//! Reads a line and reports what a shape has not seen, building no values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Shape, observe::Key};
use crate::cli::excerpt::{EXCERPT, clip};
use crate::cli::scan::Kind;

/// What in `line` the shape has not seen, at most `limit` of it.
pub(super) fn breaches(shape: &Shape, line: &[u8], limit: usize) -> Vec<String> {
    let mut found = Found { path: Vec::new(), texts: Vec::new(), limit };
    let mut reader = serde_json::Deserializer::from_slice(line);
    if let Err(e) = (Compare { shape, found: &mut found }).deserialize(&mut reader) {
        found.texts.push(e.to_string());
    }
    found.texts
}

struct Found {
    path: Vec<String>,
    texts: Vec<String>,
    limit: usize,
}

impl Found {
    fn add(&mut self, text: &str) {
        if self.texts.len() < self.limit {
            let path = if self.path.is_empty() { "the line".to_owned() } else { self.path.join(".") };
            self.texts.push(format!("{}: {text}", clip(path.as_bytes(), EXCERPT)));
        }
    }
}

struct Compare<'s, 'f> {
    shape: &'s Shape,
    found: &'f mut Found,
}

impl Compare<'_, '_> {
    fn kind(&mut self, kind: Kind) {
        if !self.shape.has(kind) {
            let known: Vec<_> = self.shape.kinds().map(Kind::as_str).collect();
            self.found.add(&format!("{}, but only {} was seen", kind.as_str(), known.join(" or ")));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Compare<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Compare<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.kind(Kind::Null);
        Ok(())
    }

    fn visit_bool<E>(mut self, _: bool) -> Result<(), E> {
        self.kind(Kind::Boolean);
        Ok(())
    }

    fn visit_i64<E>(mut self, _: i64) -> Result<(), E> {
        self.kind(Kind::Number);
        Ok(())
    }

    fn visit_u64<E>(mut self, _: u64) -> Result<(), E> {
        self.kind(Kind::Number);
        Ok(())
    }

    fn visit_f64<E>(mut self, _: f64) -> Result<(), E> {
        self.kind(Kind::Number);
        Ok(())
    }

    fn visit_str<E>(mut self, _: &str) -> Result<(), E> {
        self.kind(Kind::String);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.kind(Kind::Array);
        let Some(shape) = self.shape.known_items() else {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        self.found.path.push("[]".to_owned());
        while elements.next_element_seed(Compare { shape, found: &mut *self.found })?.is_some() {}
        self.found.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let known = self.shape.has(Kind::Object);
        self.kind(Kind::Object);
        while let Some(key) = entries.next_key::<Key<'de>>()? {
            if let Some(shape) = self.shape.keys.get(&*key.0) {
                self.found.path.push(key.0.into_owned());
                entries.next_value_seed(Compare { shape, found: &mut *self.found })?;
                self.found.path.pop();
                continue;
            }
            entries.next_value::<IgnoredAny>()?;
            if known && !self.shape.open {
                self.found.path.push(key.0.into_owned());
                self.found.add("unknown key");
                self.found.path.pop();
            }
        }
        Ok(())
    }
}
