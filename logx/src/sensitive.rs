//! Values that must never be shown as they are.

use std::fmt;

use crate::owned::OwnedValue;

/// A value that shows a mask instead of itself, as go-zero's `Sensitive` does.
///
/// The mask is taken wherever the value stands: as a field, as a content, or inside a list or an object.
/// It is not masked again.
pub trait Sensitive {
    /// What may be shown.
    fn mask(&self) -> OwnedValue;
}

/// The mask that stands for any value under a key to be masked.
pub const MASK: &str = "***";

/// A wrapper that shows `***`, or the wrapped value's own mask, in logs and in `Debug` and `Display`.
///
/// Serializing it gives the mask as well, so it stays masked inside a serialized structure.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Masked<T>(pub T);

/// The mask for everything that has no mask of its own: text of any kind.
impl Sensitive for String {
    fn mask(&self) -> OwnedValue {
        OwnedValue::from(MASK)
    }
}

impl Sensitive for str {
    fn mask(&self) -> OwnedValue {
        OwnedValue::from(MASK)
    }
}

impl<T: Sensitive + ?Sized> Sensitive for &T {
    fn mask(&self) -> OwnedValue {
        (**self).mask()
    }
}

impl<T: Sensitive> Sensitive for Masked<T> {
    fn mask(&self) -> OwnedValue {
        self.0.mask()
    }
}

impl<T> fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Sensitive> serde::Serialize for Masked<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.mask().serialize(serializer)
    }
}
