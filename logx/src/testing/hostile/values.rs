//! Values that misbehave.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use crate::encode::{Encode, EncodeError, Encoder};
use crate::owned::OwnedValue;
use crate::sensitive::Sensitive;
use crate::value::Value;

/// Panics after some text.
pub(super) struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text \" before ")?;
        panic!("on purpose")
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Panics {}

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("open", &1)?;
        panic!("on purpose")
    }
}

impl Sensitive for Panics {
    fn mask(&self) -> OwnedValue {
        panic!("the secret is RAW-SECRET")
    }
}

/// Reports an error after some text.
pub(super) struct Fails;

impl fmt::Display for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text before ")?;
        Err(fmt::Error)
    }
}

impl fmt::Debug for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Fails {}

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element("open")?;
        Err(S::Error::custom("a \"reason\"\nin two lines"))
    }
}

/// Panics with something that panics again when it is dropped.
pub(super) struct PanicsTwice;

struct DropPanics;

impl Drop for DropPanics {
    fn drop(&mut self) {
        panic!("while it is dropped");
    }
}

impl fmt::Display for PanicsTwice {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic_any(DropPanics)
    }
}

/// A value whose Drop panics.
pub(super) struct PanicsWhenDropped;

impl crate::ToValue for PanicsWhenDropped {
    fn to_value(&self) -> Value<'_> {
        Value::Str("fine until it goes")
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("while it is dropped");
    }
}

/// An error that is its own cause.
#[derive(Debug)]
pub(super) struct Circle;

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Self)
    }
}

/// Goes on after an element failed (or, if told so, panicked).
pub(super) struct Swallows {
    pub(super) panic: bool,
}

impl Serialize for Swallows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _ = if self.panic { seq.serialize_element(&Panics) } else { seq.serialize_element(&Fails) };
        }));
        seq.serialize_element(&2)?;
        seq.end()
    }
}

/// Breaks the order of keys and values.
pub(super) enum Disorder {
    KeyKey,
    ValueFirst,
    KeyEnd,
}

impl Serialize for Disorder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::KeyKey => {
                map.serialize_key("a")?;
                let _ = map.serialize_key("b");
                map.serialize_value(&1)?;
            }
            Self::ValueFirst => {
                let _ = map.serialize_value(&1);
            }
            Self::KeyEnd => map.serialize_key("a")?,
        }
        map.end()
    }
}

/// Goes on after any element failed, and looks well from outside.
pub(super) struct SwallowsAll<const N: usize>(pub(super) [Disorder; N]);

impl<const N: usize> Serialize for SwallowsAll<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for item in &self.0 {
            let _ = seq.serialize_element(item);
        }
        seq.end()
    }
}

/// A struct and a map with a key twice, one in the other.
pub struct Twice;

impl Serialize for Twice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Inner;
        impl Serialize for Inner {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                for i in 0..200 {
                    map.serialize_entry(&format_args!("k{}", i % 70), &i)?;
                }
                map.end()
            }
        }
        let mut fields = serializer.serialize_struct("Twice", 4)?;
        fields.serialize_field("a", &1)?;
        fields.serialize_field("b", &Inner)?;
        fields.serialize_field("a", &Inner)?;
        fields.serialize_field("a", &[3])?;
        fields.end()
    }
}

impl fmt::Debug for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Twice")
    }
}

/// serde_json's private form of raw JSON text.
pub(super) struct Raw(pub(super) &'static str);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("$serde_json::private::RawValue", 1)?;
        fields.serialize_field("$serde_json::private::RawValue", self.0)?;
        fields.end()
    }
}

/// serde_json's private form of a number of any size.
pub(super) struct Number(pub(super) &'static str);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("$serde_json::private::Number", 1)?;
        fields.serialize_field("$serde_json::private::Number", self.0)?;
        fields.end()
    }
}

/// An `Encode` of its own that writes so many values where one is due.
pub(super) struct Writes(pub(super) usize);

impl Encode for Writes {
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError> {
        for i in 0..self.0 {
            let _ = i.encode(encoder);
        }
        Ok(())
    }
}

/// Nested without end, in lists or in wrappers that print nothing.
pub enum Deep {
    /// Lists in lists.
    Lists,
    /// Wrappers.
    Wrappers,
    /// Options.
    Options,
    /// Variants in variants.
    Variants,
}

impl fmt::Debug for Deep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deep")
    }
}

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Lists => serializer.collect_seq([Self::Lists]),
            Self::Wrappers => serializer.serialize_newtype_struct("Deep", self),
            Self::Options => serializer.serialize_some(self),
            Self::Variants => serializer.serialize_newtype_variant("Deep", 0, "more", self),
        }
    }
}

/// Calls `use_it` with lists nested `depth` deep.
pub fn deep_lists(depth: usize, use_it: &mut dyn FnMut(Value<'_>)) {
    // Built from the inside, so that no stack is needed to build it; it lives as long as the program.
    let mut value: Value<'static> = Value::I64(1);
    for _ in 0..depth {
        value = Value::List(Box::leak(Box::new([value])));
    }
    use_it(value);
}

/// Logs while it is rendered.
pub(super) struct Logs;

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::log!(crate::Kind::Info, before = 1, after = 2; "from inside");
        f.write_str("logged")
    }
}

/// Logs itself while it is rendered, as severe or as it is.
pub(super) struct LogsItself {
    pub(super) severe: bool,
}

impl fmt::Display for LogsItself {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.severe {
            crate::severe(self);
        } else {
            crate::log!(crate::Kind::Info, before = 1, v:display = self, after = 2; "from inside");
        }
        f.write_str("logged itself")
    }
}
