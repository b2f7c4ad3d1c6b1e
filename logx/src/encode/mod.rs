//! From values to bytes: JSON, plain text, times, durations and numbers as go-zero prints them.

pub(crate) mod fast;
pub(crate) mod guard;
pub(crate) mod json;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod number;
pub(crate) mod plain;
pub(crate) mod serde_json_forms;
pub(crate) mod serializer;
pub(crate) mod string;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod verbatim;

use serde::Serialize;

pub use serializer::EncodeError;
pub(crate) use serializer::JsonSerializer;

/// Something that writes itself as JSON, in one virtual call a value.
///
/// It is implemented for every `T: Serialize`; the serializer is known at compile time behind that one call,
/// which costs less than half of serializing through a type-erased serializer.
pub trait Encode {
    /// Writes the value as one JSON value.
    ///
    /// # Errors
    /// Whatever the value's own `Serialize` reports; what was written by then is taken back by the caller.
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError>;
}

impl<T: Serialize + ?Sized> Encode for T {
    fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError> {
        if std::mem::replace(&mut encoder.used, true) {
            encoder.unfinished += 1;
            return Err(EncodeError::new("more than one value"));
        }
        self.serialize(JsonSerializer::new(encoder))
    }
}

/// Where an [`Encode`] writes to: the line's buffer with the rules in force. It takes one value.
#[derive(Debug)]
pub struct Encoder<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) masks: &'a crate::format::MaskKeys,
    pub(crate) depth: u32,
    pub(crate) keys: keys::Keys,
    /// A value was written.
    used: bool,
    /// Parts of the value that were begun and not ended well, whatever the value itself says of them.
    pub(crate) unfinished: u32,
}

impl<'a> Encoder<'a> {
    /// Appends one value; the error says why what was appended is no good.
    #[inline]
    pub(crate) fn write(
        out: &'a mut Vec<u8>,
        masks: &'a crate::format::MaskKeys,
        depth: u32,
        value: &dyn Encode,
    ) -> Result<(), EncodeError> {
        let mut encoder = Encoder { out, masks, depth, keys: keys::Keys::take(), used: false, unfinished: 0 };
        value.encode(&mut encoder)?;
        encoder.keys.give_back();
        match (encoder.unfinished > 0, encoder.used) {
            (false, true) => Ok(()),
            (true, _) => Err(EncodeError::new("a part of it failed")),
            (false, false) => Err(EncodeError::new("nothing was encoded")),
        }
    }
}
