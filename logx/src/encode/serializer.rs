//! serde's data model as JSON on one line: masks by key, a depth limit, any map key, no NaN, no duplicate keys.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize};

use super::json::{MAX_DEPTH, push_f64};
use super::keys::{FieldNames, Unique};
use super::serde_json_forms as forms;
use super::string::{push_base64, push_quoted};
use super::{Encoder, guard, number, verbatim};
use crate::sensitive::MASK;

/// Why a value could not be encoded.
#[derive(Debug)]
pub struct EncodeError(Box<str>);

impl EncodeError {
    /// An error with a text of one's own.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

impl ser::Error for EncodeError {
    fn custom<T: Display>(msg: T) -> Self {
        Self(msg.to_string().into())
    }
}

type Done = Result<(), EncodeError>;

/// Writes one value into the encoder's buffer.
#[derive(Debug)]
pub(crate) struct JsonSerializer<'a, 'b> {
    enc: &'a mut Encoder<'b>,
}

impl<'a, 'b> JsonSerializer<'a, 'b> {
    #[inline]
    pub(crate) fn new(enc: &'a mut Encoder<'b>) -> Self {
        Self { enc }
    }

    fn quoted(self, text: &str) -> Done {
        push_quoted(self.enc.out, text);
        Ok(())
    }

    /// `{"variant":` ... `}` round what a variant holds.
    fn open_variant(self, variant: &str) -> &'a mut Encoder<'b> {
        self.enc.out.push(b'{');
        push_quoted(self.enc.out, variant);
        self.enc.out.push(b':');
        self.enc
    }

    fn open(self, bracket: u8, close: &'static [u8]) -> Result<Nested<'a, 'b>, EncodeError> {
        if self.enc.depth > MAX_DEPTH {
            return Err(EncodeError::new("nested too deeply"));
        }
        self.enc.depth += 1;
        let start = self.enc.out.len();
        self.enc.out.push(bracket);
        let unique = Unique::open(&self.enc.keys);
        Ok(Nested {
            enc: self.enc,
            start,
            first: true,
            close,
            masked: false,
            keyed: false,
            unique,
            names: FieldNames::NONE,
        })
    }

    /// What stands in a wrapper that prints nothing: it is a level all the same, so that no value runs in circles.
    #[inline]
    fn wrapped<T: Serialize + ?Sized>(self, value: &T) -> Done {
        if self.enc.depth > MAX_DEPTH {
            return Err(EncodeError::new("nested too deeply"));
        }
        self.enc.depth += 1;
        value.serialize(JsonSerializer { enc: self.enc })?;
        self.enc.depth -= 1;
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident: $t:ty),*) => { $(
        #[inline]
        fn $method(self, v: $t) -> Done {
            number::push_int(self.enc.out, v);
            Ok(())
        }
    )* };
}

impl<'a, 'b> ser::Serializer for JsonSerializer<'a, 'b> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Nested<'a, 'b>;
    type SerializeTuple = Nested<'a, 'b>;
    type SerializeTupleStruct = Nested<'a, 'b>;
    type SerializeTupleVariant = Nested<'a, 'b>;
    type SerializeMap = Nested<'a, 'b>;
    type SerializeStruct = Fields<'a, 'b>;
    type SerializeStructVariant = Fields<'a, 'b>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);

    fn serialize_bool(self, v: bool) -> Done {
        self.enc.out.extend_from_slice(if v { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, v: f32) -> Done {
        if v.is_finite() {
            number::push_f32(self.enc.out, v);
        } else {
            push_f64(self.enc.out, f64::from(v));
        }
        Ok(())
    }

    fn serialize_f64(self, v: f64) -> Done {
        push_f64(self.enc.out, v);
        Ok(())
    }

    fn serialize_char(self, v: char) -> Done {
        self.quoted(v.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Done {
        self.quoted(v)
    }

    fn serialize_bytes(self, v: &[u8]) -> Done {
        self.enc.out.push(b'"');
        push_base64(self.enc.out, v);
        self.enc.out.push(b'"');
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.wrapped(value)
    }

    fn serialize_unit(self) -> Done {
        self.enc.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Done {
        self.quoted(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Done {
        self.wrapped(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        let mut nested = self.open(b'{', b"}")?;
        nested.key(variant);
        nested.value(value)?;
        nested.finish()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Nested<'a, 'b>, EncodeError> {
        self.open(b'[', b"]")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Nested<'a, 'b>, EncodeError> {
        self.open(b'[', b"]")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Nested<'a, 'b>, EncodeError> {
        self.open(b'[', b"]")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Nested<'a, 'b>, EncodeError> {
        JsonSerializer { enc: self.open_variant(variant) }.open(b'[', b"]}")
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Nested<'a, 'b>, EncodeError> {
        self.open(b'{', b"}")
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Fields<'a, 'b>, EncodeError> {
        if let Some(form) = forms::Form::of(name) {
            return Ok(Fields::Verbatim { enc: self.enc, form });
        }
        self.open(b'{', b"}").map(Fields::Plain)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Fields<'a, 'b>, EncodeError> {
        JsonSerializer { enc: self.open_variant(variant) }.open(b'{', b"}}").map(Fields::Plain)
    }
}

/// An open list, map or struct.
#[derive(Debug)]
pub(crate) struct Nested<'a, 'b> {
    enc: &'a mut Encoder<'b>,
    /// Where its bracket stands.
    start: usize,
    first: bool,
    close: &'static [u8],
    /// The value to come stands under a masked key.
    masked: bool,
    /// A map's key waits for its value.
    keyed: bool,
    /// A map's keys so far.
    unique: Unique,
    /// A struct's names so far.
    names: FieldNames,
}

impl Nested<'_, '_> {
    #[inline]
    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.enc.out.push(b',');
        }
    }

    /// A field's name.
    #[inline]
    fn key(&mut self, key: &'static str) {
        self.comma();
        push_quoted(self.enc.out, key);
        self.enc.out.push(b':');
        self.masked = self.enc.masks.covers(key);
        self.names.add(key);
    }

    /// A value that fails, or panics, leaves the mark that it did: its owner may go on as if nothing had happened.
    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        if std::mem::take(&mut self.masked) {
            push_quoted(self.enc.out, MASK);
            return Ok(());
        }
        self.enc.unfinished += 1;
        value.serialize(JsonSerializer { enc: self.enc })?;
        self.enc.unfinished -= 1;
        Ok(())
    }

    #[inline]
    fn close_brackets(&mut self) {
        self.enc.depth -= 1;
        self.enc.out.extend_from_slice(self.close);
        self.unique.close(&mut self.enc.keys);
    }

    /// The end of a struct.
    #[inline]
    fn finish(mut self) -> Done {
        self.close_brackets();
        if !self.names.are_known_to_differ() {
            self.check_names();
        }
        Ok(())
    }

    /// A struct whose order of fields is new: serde lets two fields have one name.
    #[cold]
    fn check_names(self) {
        let out = &mut *self.enc.out;
        let end = out.len() - (self.close.len() - 1);
        let Some(text) = out.get(self.start..end).filter(|text| text.first() == Some(&b'{')) else { return };
        let Ok(text) = std::str::from_utf8(text).map(str::to_owned) else { return };
        match verbatim::has_duplicate_keys(&text) {
            Some(true) => {
                out.truncate(self.start);
                // It was valid before; only what comes twice goes.
                let _ = verbatim::push(out, &text, self.enc.masks, 1);
                out.extend_from_slice(&self.close[1..]);
            }
            Some(false) => self.names.remember(),
            // A part failed and the whole value will be replaced: nothing is known of the names.
            None => {}
        }
    }
}

impl ser::SerializeMap for Nested<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.enc.unfinished += 1;
        if std::mem::replace(&mut self.keyed, true) {
            return Err(EncodeError::new("a key without a value"));
        }
        self.comma();
        let at = self.enc.out.len();
        key.serialize(JsonSerializer { enc: self.enc })?;
        if self.enc.out.get(at) != Some(&b'"') {
            // Not text: its JSON becomes the key's text.
            let json = self.enc.out.split_off(at);
            push_quoted(self.enc.out, &String::from_utf8_lossy(&json));
        }
        let written = self.unique.add(&mut self.enc.keys, self.enc.out, at);
        let key = std::str::from_utf8(&self.enc.out[written..]).unwrap_or_default();
        self.masked = self.enc.masks.covers(key.trim_matches('"'));
        self.enc.out.push(b':');
        self.enc.unfinished -= 1;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        if !std::mem::take(&mut self.keyed) {
            self.enc.unfinished += 1;
            return Err(EncodeError::new("a value without a key"));
        }
        self.value(value)
    }

    fn end(mut self) -> Done {
        if self.keyed {
            self.enc.unfinished += 1;
            return Err(EncodeError::new("a key without a value"));
        }
        self.close_brackets();
        Ok(())
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident),*) => { $(
        impl ser::$trait for Nested<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.comma();
                self.value(value)
            }

            fn end(mut self) -> Done {
                self.close_brackets();
                Ok(())
            }
        }
    )* };
}
elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// An open struct, or one of serde_json's private forms of a number and of raw JSON.
#[derive(Debug)]
pub(crate) enum Fields<'a, 'b> {
    Plain(Nested<'a, 'b>),
    Verbatim { enc: &'a mut Encoder<'b>, form: forms::Form },
}

impl Fields<'_, '_> {
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
        match self {
            Self::Plain(nested) => {
                nested.key(key);
                nested.value(value)
            }
            Self::Verbatim { enc, form } => form.write(enc, value),
        }
    }

    fn close(self) -> Done {
        match self {
            Self::Plain(nested) => nested.finish(),
            Self::Verbatim { .. } => Ok(()),
        }
    }
}

macro_rules! structs {
    ($($trait:ident),*) => { $(
        impl ser::$trait for Fields<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
                self.field(key, value)
            }

            fn end(self) -> Done {
                self.close()
            }
        }
    )* };
}
structs!(SerializeStruct, SerializeStructVariant);

/// A number that JSON has no form for, inside a foreign value.
#[cold]
pub(crate) fn push_unprintable(out: &mut Vec<u8>, what: &str) {
    push_quoted(out, &guard::unprintable(what));
}
