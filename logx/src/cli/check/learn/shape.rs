//! The types that a value has had.

use std::collections::BTreeMap;

use crate::cli::scan::Kind;

/// An object with more different keys than this is taken for a map with data as its keys.
pub(crate) const MAX_KEYS: usize = 128;

/// The types that were seen at one place, and below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// One bit a [`Kind`].
    kinds: u8,
    /// Keys of an object.
    pub keys: BTreeMap<String, Shape>,
    /// Any key is welcome: more than [`MAX_KEYS`] were seen.
    pub open: bool,
    /// Elements of an array, all together.
    pub items: Option<Box<Shape>>,
}

const KINDS: [Kind; 6] = [Kind::Null, Kind::Boolean, Kind::Number, Kind::String, Kind::Array, Kind::Object];

impl Shape {
    /// Adds a type.
    pub(crate) fn add(&mut self, kind: Kind) {
        self.kinds |= 1 << kind as u8;
    }

    /// Whether the type was seen.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds & (1 << kind as u8) != 0
    }

    /// The types that were seen, in a fixed order.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> {
        KINDS.into_iter().filter(|kind| self.has(*kind))
    }

    /// The shape of a key, made if it is new; `None` when the object takes any key.
    pub(crate) fn key(&mut self, name: &str) -> Option<&mut Self> {
        if self.open {
            return None;
        }
        if !self.keys.contains_key(name) {
            if self.keys.len() == MAX_KEYS {
                self.open = true;
                self.keys.clear();
                return None;
            }
            self.keys.insert(name.to_owned(), Self::default());
        }
        self.keys.get_mut(name)
    }

    /// The shape of the elements.
    pub(crate) fn items(&mut self) -> &mut Self {
        self.items.get_or_insert_default()
    }

    /// The shape of the elements, if any was seen.
    pub(crate) fn known_items(&self) -> Option<&Self> {
        self.items.as_deref().filter(|items| items.kinds != 0)
    }

    /// Adds everything that `other` has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.kinds |= other.kinds;
        if other.open {
            self.open = true;
            self.keys.clear();
        }
        for (name, shape) in &other.keys {
            if let Some(mine) = self.key(name) {
                mine.merge(shape);
            }
        }
        if let Some(items) = &other.items {
            self.items().merge(items);
        }
    }
}
