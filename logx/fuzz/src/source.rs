//! Any bytes as choices of what to log.

use logx::{OwnedField, OwnedValue, Time};

use crate::node::Node;

/// Bytes read as choices; zeros when they are used up.
pub(crate) struct Source<'a>(pub(crate) &'a [u8]);

/// Keys that collide with each other, with logx's own and with those of slog and tracing.
const KEYS: [&str; 17] = [
    "a",
    "b",
    "",
    "level",
    "content",
    "caller",
    "@timestamp",
    "trace",
    "duration",
    "truncated",
    "fields.level",
    "extra",
    "fields",
    "message",
    "msg",
    "stack",
    "\"\n",
];

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn number(&mut self) -> u64 {
        (0..8).fold(0, |n, _| n << 8 | u64::from(self.byte()))
    }

    pub(crate) fn text(&mut self) -> String {
        let len = self.below(24).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn key(&mut self) -> String {
        match self.below(KEYS.len() + 1) {
            i if i < KEYS.len() => KEYS[i].to_owned(),
            _ => self.text(),
        }
    }

    /// Text in the alphabet of JSON.
    fn json(&mut self) -> String {
        const ALPHABET: &[u8] = b"{}[]:,\"\\ \n0123456789.eE+-truefalsnabu";
        let len = self.below(32);
        (0..len).map(|_| char::from(ALPHABET[self.below(ALPHABET.len())])).collect()
    }

    fn many<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let n = self.below(5);
        (0..n).map(|_| make(self)).collect()
    }

    pub(crate) fn fields(&mut self) -> Vec<(String, Node)> {
        self.many(|s| (s.key(), s.node(0)))
    }

    pub(crate) fn owned_fields(&mut self) -> Vec<OwnedField> {
        self.many(|s| OwnedField::new(s.key(), s.owned(0)))
    }

    fn owned(&mut self, depth: u32) -> OwnedValue {
        match self.below(if depth > 4 { 10 } else { 12 }) {
            0 => OwnedValue::Null,
            1 => OwnedValue::Bool(self.flag()),
            2 => OwnedValue::I64(self.number() as i64),
            3 => OwnedValue::U64(self.number()),
            4 => OwnedValue::F64(f64::from_bits(self.number())),
            5 => OwnedValue::F32(f32::from_bits(self.number() as u32)),
            6 => OwnedValue::text(self.text()),
            7 => OwnedValue::Bytes(self.text().into_bytes().into()),
            8 => OwnedValue::Duration(self.number() as i64),
            9 => {
                let (secs, nanos, offset) = (self.number() as i64, self.number() as u32, self.number() as i32);
                OwnedValue::Time(Time { secs, nanos: nanos % 1_000_000_000, offset: offset % 86_400 })
            }
            10 => OwnedValue::List(self.many(|s| s.owned(depth + 1))),
            _ => OwnedValue::Object(self.many(|s| OwnedField { key: s.key().into(), value: s.owned(depth + 1) })),
        }
    }

    pub(crate) fn node(&mut self, depth: u32) -> Node {
        let deeper = depth + 1;
        match self.below(if depth > 6 { 6 } else { 14 }) {
            0 => Node::Owned(self.owned(depth)),
            1 => Node::Text(self.text()),
            2 => Node::Panics(self.text()),
            3 => Node::Fails(self.text()),
            4 => Node::Raw(self.json()),
            5 => Node::Float(f64::from_bits(self.number())),
            6 => Node::List(self.many(|s| s.node(deeper))),
            7 => Node::Map(self.many(|s| (s.node(deeper), s.node(deeper)))),
            8 => Node::Struct(self.many(|s| (KEYS[s.below(KEYS.len())], s.node(deeper)))),
            9 => Node::Wrapped(Box::new(self.node(deeper))),
            10 => Node::Swallows(self.many(|s| s.node(deeper))),
            11 => Node::Disorder(self.many(|s| (s.flag(), s.node(deeper)))),
            12 => Node::Display(Box::new(self.node(deeper))),
            _ => Node::Debug(Box::new(self.node(deeper))),
        }
    }
}
