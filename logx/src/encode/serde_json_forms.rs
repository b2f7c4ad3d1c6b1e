//! serde_json's private ways to say "this text is a number" and "this text is JSON".

use serde::ser::{Impossible, Serialize, Serializer};

use super::Encoder;
use super::serializer::{EncodeError, push_unprintable};
use super::verbatim::{self, is_number};

/// Which of the two private structs is being serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A number of any size, as text.
    Number,
    /// JSON text.
    Raw,
}

impl Form {
    /// The form behind a struct's name, if it is one.
    #[inline]
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "$serde_json::private::Number" => Some(Self::Number),
            "$serde_json::private::RawValue" => Some(Self::Raw),
            _ => None,
        }
    }

    /// Writes the text that the form holds, once it has proven to be JSON, on one line and with unique keys.
    pub(crate) fn write<T: Serialize + ?Sized>(self, enc: &mut Encoder<'_>, value: &T) -> Result<(), EncodeError> {
        let start = enc.out.len();
        let text = value.serialize(TextOf)?;
        let done = match self {
            Self::Number if !is_number(&text) => Err("not a number"),
            Self::Number | Self::Raw => verbatim::push(enc.out, &text, enc.masks, enc.depth),
        };
        if let Err(why) = done {
            enc.out.truncate(start);
            push_unprintable(enc.out, why);
        }
        Ok(())
    }
}

/// Takes the text out of a value that is known to be text.
struct TextOf;

macro_rules! refuse {
    ($($method:ident($($arg:ident: $t:ty),*) -> $ok:ty;)*) => { $(
        fn $method(self, $($arg: $t),*) -> Result<$ok, EncodeError> {
            $(let _ = $arg;)*
            Err(EncodeError::new("expected text"))
        }
    )* };
}

type No = Impossible<String, EncodeError>;

impl Serializer for TextOf {
    type Ok = String;
    type Error = EncodeError;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_str(self, v: &str) -> Result<String, EncodeError> {
        Ok(v.to_owned())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, EncodeError> {
        Err(EncodeError::new("expected text"))
    }

    refuse! {
        serialize_bool(v: bool) -> String;
        serialize_i8(v: i8) -> String;
        serialize_i16(v: i16) -> String;
        serialize_i32(v: i32) -> String;
        serialize_i64(v: i64) -> String;
        serialize_u8(v: u8) -> String;
        serialize_u16(v: u16) -> String;
        serialize_u32(v: u32) -> String;
        serialize_u64(v: u64) -> String;
        serialize_f32(v: f32) -> String;
        serialize_f64(v: f64) -> String;
        serialize_char(v: char) -> String;
        serialize_bytes(v: &[u8]) -> String;
        serialize_none() -> String;
        serialize_unit() -> String;
        serialize_unit_struct(name: &'static str) -> String;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> String;
        serialize_seq(len: Option<usize>) -> No;
        serialize_tuple(len: usize) -> No;
        serialize_tuple_struct(name: &'static str, len: usize) -> No;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> No;
        serialize_map(len: Option<usize>) -> No;
        serialize_struct(name: &'static str, len: usize) -> No;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> No;
    }
}
