//! Fields that stay: of a logger, a context, or all lines. Encoded once for each format.

use crate::encode::json::push_value;
use crate::format::Format;
use crate::memo::Memo;
use crate::owned::{OwnedField, OwnedValue};
use crate::sensitive::MASK;
use crate::site::{push_key, signature};

/// Owned fields with unique keys, and their bytes.
#[derive(Debug, Default)]
pub(crate) struct FieldList {
    fields: Vec<OwnedField>,
    encoded: Memo<Encoded>,
}

/// The fields as a line prints them under one format.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// `,"key":value` of each.
    pub(crate) bytes: Box<[u8]>,
    pub(crate) sigs: Box<[u32]>,
    /// No key is one of logx's own.
    pub(crate) simple: bool,
}

impl FieldList {
    /// The fields; of equal keys the last one stays, at its place.
    pub(crate) fn new(fields: Vec<OwnedField>) -> Self {
        let unique = |(i, field): (usize, &OwnedField)| !fields[i + 1..].iter().any(|later| later.key == field.key);
        let keep: Vec<bool> = fields.iter().enumerate().map(unique).collect();
        let mut keep = keep.into_iter();
        let mut fields = fields;
        fields.retain(|_| keep.next().unwrap_or(true));
        Self { fields, encoded: Memo::new() }
    }

    /// These fields and more.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = impl Into<OwnedField>>) -> Self {
        let mut fields = self.fields.clone();
        fields.extend(more.into_iter().map(Into::into));
        Self::new(fields)
    }

    /// These fields without that key.
    pub(crate) fn without(&self, key: &str) -> Self {
        Self::new(self.fields.iter().filter(|f| &*f.key != key).cloned().collect())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn as_slice(&self) -> &[OwnedField] {
        &self.fields
    }

    #[inline]
    pub(crate) fn encoded(&self, format: &Format) -> &Encoded {
        self.encoded.get(format.id, || Encoded::new(&self.fields, format))
    }
}

impl Clone for FieldList {
    fn clone(&self) -> Self {
        Self { fields: self.fields.clone(), encoded: Memo::new() }
    }
}

impl Encoded {
    fn new(fields: &[OwnedField], format: &Format) -> Self {
        let mut bytes = Vec::new();
        for field in fields {
            push_key(&mut bytes, &field.key);
            let masked = OwnedValue::Str(MASK.into());
            let value = if format.masks.covers(&field.key) { &masked } else { &field.value };
            push_value(&mut bytes, value.as_value(), &format.masks);
        }
        Self {
            bytes: bytes.into(),
            sigs: fields.iter().map(|f| signature(&f.key)).collect(),
            simple: !fields.iter().any(|f| format.is_builtin(&f.key)),
        }
    }
}
