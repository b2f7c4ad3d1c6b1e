//! go-zero's plain encoding of a line that comes key by key.

use super::Flat;
use crate::encode::plain::{escape, escape_around_colors, make_plain, push_level};
use crate::level::Kind;
use crate::value::Value;

/// Puts a plain line together from its keys in the order in which a [`Record`](crate::Record) gives them.
#[derive(Debug)]
pub struct PlainLine<'a> {
    out: &'a mut Vec<u8>,
    kind: Kind,
    colored: bool,
    position: usize,
    caller: Option<(String, String)>,
}

impl<'a> PlainLine<'a> {
    /// A line of that kind at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, kind: Kind, colored: bool) -> Self {
        Self { out, kind, colored, position: 0, caller: None }
    }

    /// The next key.
    pub fn item(&mut self, key: &str, value: Flat<'_>) {
        match (self.position, value) {
            (0, Flat::Str(stamp)) => escape(self.out, stamp),
            (1, _) => push_level(self.out, self.kind, self.colored),
            (2, Flat::Str(caller)) => self.caller = Some((key.to_owned(), caller.to_owned())),
            (3, content) => {
                match content {
                    Flat::Str(text) if self.colored => escape_around_colors(self.out, text),
                    other => push_flat(self.out, other),
                }
                if let Some((key, caller)) = self.caller.take() {
                    self.field(&key, Flat::Str(&caller));
                }
            }
            (_, value) => self.field(key, value),
        }
        // Kinds without a caller go straight from the level to the content, which comes before the caller here.
        self.position += if self.position == 1 && !self.kind.has_caller() { 2 } else { 1 };
    }

    fn field(&mut self, key: &str, value: Flat<'_>) {
        self.out.push(b'\t');
        escape(self.out, key);
        self.out.push(b'=');
        push_flat(self.out, value);
    }

    /// Ends the line.
    pub fn end(self) {
        self.out.push(b'\n');
    }
}

fn push_flat(out: &mut Vec<u8>, value: Flat<'_>) {
    match value {
        Flat::Str(text) => escape(out, text),
        other => {
            let start = out.len();
            super::push_value(out, Value::from(other));
            make_plain(out, start);
        }
    }
}
