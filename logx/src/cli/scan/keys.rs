//! The keys of the objects that are open, to notice one that comes twice.

use super::{Span, string::unescape_into};

/// Up to this many keys an object is checked at each key; beyond it once, sorted, when the object closes, so that a
/// line with a million keys costs no quadratic time.
const SMALL: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Key {
    /// Where the text of the key lies: in the line, or in `unescaped`.
    text: Span,
    unescaped: bool,
    /// Where it lies in the line.
    place: Span,
}

#[derive(Clone, Copy, Debug)]
struct Object {
    first: usize,
    first_unescaped: usize,
    /// One bit for each key's hash: a bit that is not set yet proves that the key is new.
    seen: u64,
}

/// Keys of all open objects, innermost last.
#[derive(Debug, Default)]
pub(super) struct KeyStack {
    keys: Vec<Key>,
    objects: Vec<Object>,
    unescaped: Vec<u8>,
}

impl KeyStack {
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.objects.clear();
        self.unescaped.clear();
    }

    pub(super) fn open(&mut self) {
        self.objects.push(Object { first: self.keys.len(), first_unescaped: self.unescaped.len(), seen: 0 });
    }

    /// Adds a key of the innermost object; returns its place if the object has it already.
    #[inline]
    pub(super) fn add(&mut self, line: &[u8], place: Span, escaped: bool) -> Option<Span> {
        let text = if escaped { self.unescape(place.of(line)) } else { place };
        let key = Key { text, unescaped: escaped, place };
        let bytes = text_of(&key, line, &self.unescaped);
        let bit = 1u64 << (hash(bytes) >> 58);
        let object = self.objects.last_mut()?;
        let earlier = &self.keys[object.first..];
        let twice = object.seen & bit != 0
            && earlier.len() <= SMALL
            && earlier.iter().any(|k| text_of(k, line, &self.unescaped) == bytes);
        object.seen |= bit;
        self.keys.push(key);
        twice.then_some(place)
    }

    /// Closes the innermost object; returns the place of its first repeated key if that was not reported by `add`.
    pub(super) fn close(&mut self, line: &[u8]) -> Option<Span> {
        let object = self.objects.pop()?;
        let keys = &mut self.keys[object.first..];
        let twice = if keys.len() > SMALL { first_repeated(keys, line, &self.unescaped) } else { None };
        self.keys.truncate(object.first);
        self.unescaped.truncate(object.first_unescaped);
        twice
    }

    fn unescape(&mut self, text: &[u8]) -> Span {
        let start = self.unescaped.len();
        unescape_into(text, &mut self.unescaped);
        Span { start, end: self.unescaped.len() }
    }
}

fn text_of<'a>(key: &Key, line: &'a [u8], unescaped: &'a [u8]) -> &'a [u8] {
    key.text.of(if key.unescaped { unescaped } else { line })
}

fn first_repeated(keys: &mut [Key], line: &[u8], unescaped: &[u8]) -> Option<Span> {
    keys.sort_unstable_by(|a, b| {
        let order = text_of(a, line, unescaped).cmp(text_of(b, line, unescaped));
        order.then(a.place.start.cmp(&b.place.start))
    });
    let repeated = keys.windows(2).filter(|w| text_of(&w[0], line, unescaped) == text_of(&w[1], line, unescaped));
    repeated.map(|w| w[1].place).min_by_key(|place| place.start)
}

/// Cheap and good enough to tell a handful of keys apart; equal bits only cost a comparison.
#[inline]
fn hash(bytes: &[u8]) -> u64 {
    let mut word = [0u8; 8];
    let head = bytes.len().min(8);
    word[..head].copy_from_slice(&bytes[..head]);
    let tail = bytes.last().copied().unwrap_or(0);
    (u64::from_le_bytes(word) ^ (bytes.len() as u64) << 3 ^ u64::from(tail) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
