//! The toolbox of misbehaving values and outputs, for the tests of every backend.
//!
//! Each [`Case`] logs one line through the process's writer; [`check_line`] says what is wrong with what came out.

mod outputs;
mod run;
mod table;
mod values;

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

pub use outputs::{Failing, Gate, LogsInside, Memory, Panicking, Short};
pub use run::{check_case, check_table};
pub use table::CASES;
pub use values::{Deep, Twice, deep_lists};

/// Every case logs these two fields round its bad value; they must come out untouched.
pub const BEFORE: &str = "before";
/// See [`BEFORE`].
pub const AFTER: &str = "after";

/// One hostile call.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is hostile about it.
    pub name: &'static str,
    /// Makes the call. It must return as if nothing had happened.
    pub run: fn(),
    /// Lines that come out: one, and those that values log while they are rendered.
    pub lines: usize,
    /// Whether a value is replaced by a mark, which the health figures count.
    pub counted: bool,
    /// Whether the line carries [`BEFORE`] and [`AFTER`].
    pub siblings: bool,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Checks that `line`, without its newline, is one JSON object with unique keys at every depth; gives it as a tree.
///
/// # Errors
/// What is wrong with it.
pub fn check_line(line: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    if line.contains(['\n', '\r']) {
        return Err(format!("more than one line: {line:.300}"));
    }
    serde_json::from_str::<Unique>(line).map_err(|e| format!("{e}: {line:.300}"))?;
    match serde_json::from_str(line) {
        Ok(serde_json::Value::Object(object)) => Ok(object),
        Ok(_) => Err(format!("not an object: {line:.300}")),
        Err(e) => Err(format!("{e}: {line:.300}")),
    }
}

/// Any JSON whose objects have no key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format_args!("the key {twice:?} comes twice")));
            }
        }
        Ok(self)
    }
}
