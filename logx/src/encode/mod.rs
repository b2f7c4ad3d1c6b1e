//! From values to bytes: JSON, plain text, times, durations and numbers as go-zero prints them.

pub(crate) mod guard;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod number;
pub(crate) mod plain;
pub(crate) mod serde_json_forms;
pub(crate) mod serializer;
pub(crate) mod string;
pub(crate) mod text;
pub(crate) mod time;

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
        self.serialize(JsonSerializer::new(encoder))
    }
}

/// Where an [`Encode`] writes to: the line's buffer with the rules in force.
#[derive(Debug)]
pub struct Encoder<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) masks: &'a crate::format::MaskKeys,
    pub(crate) depth: u32,
}
