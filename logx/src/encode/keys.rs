//! The keys of the objects that are open while a foreign value is serialized: finds one that comes again.

use std::cell::Cell;
use std::collections::HashSet;

use crate::site::signature;

/// Objects with more entries than this find a key by its hash.
const FEW: usize = 32;

/// An entry of an open object, by its place in the buffer.
#[derive(Clone, Copy, Debug)]
struct KeyAt {
    /// Where the quoted key begins.
    start: usize,
    /// Where it ends.
    end: usize,
    sig: u32,
}

/// The keys of all open objects, innermost last.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<KeyAt>);

thread_local! {
    static SPARE: Cell<Vec<KeyAt>> = const { Cell::new(Vec::new()) };
}

impl Keys {
    /// An empty stack that reuses the thread's memory.
    #[inline]
    pub(crate) fn take() -> Self {
        let mut keys = SPARE.try_with(Cell::take).unwrap_or_default();
        keys.clear();
        Self(keys)
    }

    /// Keeps the memory for the thread's next value.
    #[inline]
    pub(crate) fn give_back(self) {
        if self.0.capacity() > 0 && self.0.capacity() <= 4_096 {
            let _ = SPARE.try_with(|spare| spare.set(self.0));
        }
    }
}

/// One open object whose keys may come twice: of equal keys the last one stays.
#[derive(Debug)]
pub(crate) struct Unique {
    /// Where its entries begin on the stack.
    base: usize,
    /// The hashes of its keys, once there are many.
    many: Option<HashSet<u32>>,
}

impl Unique {
    #[inline]
    pub(crate) fn open(keys: &Keys) -> Self {
        Self { base: keys.0.len(), many: None }
    }

    /// Takes the key that was just written at `start`; drops an earlier entry of that key. Gives the key's new place.
    pub(crate) fn add(&mut self, keys: &mut Keys, out: &mut Vec<u8>, start: usize) -> usize {
        let key = KeyAt { start, end: out.len(), sig: signature_of(&out[start..]) };
        let moved = match self.find(keys, out, key) {
            Some(i) => self.remove(keys, out, i, start),
            None => 0,
        };
        keys.0.push(KeyAt { start: start - moved, end: key.end - moved, ..key });
        start - moved
    }

    fn find(&mut self, keys: &Keys, out: &[u8], key: KeyAt) -> Option<usize> {
        let own = &keys.0[self.base..];
        if own.len() >= FEW {
            let many = self.many.get_or_insert_with(|| own.iter().map(|k| k.sig).collect());
            if many.insert(key.sig) {
                return None;
            }
        }
        own.iter().position(|k| k.sig == key.sig && out[k.start..k.end] == out[key.start..key.end])
    }

    /// Takes an entry out of the buffer; gives how many bytes it had.
    fn remove(&self, keys: &mut Keys, out: &mut Vec<u8>, i: usize, start: usize) -> usize {
        let i = self.base + i;
        let from = keys.0[i].start;
        let to = keys.0.get(i + 1).map_or(start, |next| next.start);
        out.drain(from..to);
        keys.0.remove(i);
        for later in &mut keys.0[i..] {
            later.start -= to - from;
            later.end -= to - from;
        }
        to - from
    }

    /// The object is complete.
    #[inline]
    pub(crate) fn close(&self, keys: &mut Keys) {
        keys.0.truncate(self.base);
    }
}

fn signature_of(key: &[u8]) -> u32 {
    std::str::from_utf8(key).map_or(0, signature)
}

/// Whether a type's fields bear different names; asked once for each order of fields on each thread.
///
/// serde does not stop two fields of a struct from being renamed to the same name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldNames(u64);

/// Field orders that a thread remembers.
const KNOWN: usize = 64;

thread_local! {
    static UNIQUE_NAMES: [Cell<u64>; KNOWN] = const { [const { Cell::new(0) }; KNOWN] };
}

impl FieldNames {
    pub(crate) const NONE: Self = Self(0);

    /// One more field. A name that lives as long as the program is known by its place.
    #[inline]
    pub(crate) fn add(&mut self, name: &'static str) {
        let place = name.as_ptr().addr() as u64 ^ (name.len() as u64).rotate_left(48);
        self.0 = (self.0 ^ place).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }

    /// Whether these names are known to differ.
    #[inline]
    pub(crate) fn are_known_to_differ(self) -> bool {
        UNIQUE_NAMES.try_with(|known| known[self.slot()].get() == self.0).unwrap_or(false)
    }

    /// Remembers that they do.
    pub(crate) fn remember(self) {
        let _ = UNIQUE_NAMES.try_with(|known| known[self.slot()].set(self.0));
    }

    #[inline]
    fn slot(self) -> usize {
        (self.0 >> 40) as usize % KNOWN
    }
}
