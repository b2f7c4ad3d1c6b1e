//! A line rendered as a whole, before any foreign logger is called: nothing can fail or log half-way any more.

use std::cell::Cell;
use std::ops::Range;

use super::{Flat, intern};
use crate::record::Record;

/// All keys and values of a line, rendered, in its order.
#[derive(Debug, Default)]
pub struct Rendered {
    text: String,
    slots: Vec<Slot>,
    content: usize,
}

#[derive(Debug)]
struct Slot {
    interned: Option<&'static str>,
    /// The key's text, where it is not interned.
    key: Range<usize>,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(Range<usize>),
    Json(Range<usize>),
}

/// One key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The key as a static; `None` when no more keys are interned.
    pub interned: Option<&'static str>,
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: Flat<'a>,
}

thread_local! {
    static SPARE: Cell<Option<Rendered>> = const { Cell::new(None) };
}

/// What is kept for the thread's next line.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_SLOTS: usize = 256;

impl Rendered {
    /// Renders the record and runs `use_it` with it; the memory is kept for the thread's next line.
    pub fn with<R>(record: &Record<'_>, use_it: impl FnOnce(&Self) -> R) -> R {
        let mut rendered = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        rendered.fill(record);
        let result = use_it(&rendered);
        if rendered.text.capacity() <= KEEP_BYTES && rendered.slots.capacity() <= KEEP_SLOTS {
            let _ = SPARE.try_with(|spare| spare.set(Some(rendered)));
        }
        result
    }

    fn fill(&mut self, record: &Record<'_>) {
        self.text.clear();
        self.slots.clear();
        // Behind the timestamp, the level and, where there is one, the caller.
        self.content = if record.kind().has_caller() { 3 } else { 2 };
        record.for_each_flat(&mut |key, value| {
            let interned = intern(key);
            let key = if interned.is_none() { self.push(key.as_str()) } else { 0..0 };
            let form = match value {
                Flat::Null => Form::Null,
                Flat::Bool(v) => Form::Bool(v),
                Flat::I64(v) => Form::I64(v),
                Flat::U64(v) => Form::U64(v),
                Flat::F64(v) => Form::F64(v),
                Flat::Str(v) => Form::Str(self.push(v)),
                Flat::Json(v) => Form::Json(self.push(v)),
            };
            self.slots.push(Slot { interned, key, form });
        });
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn item<'a>(&'a self, slot: &'a Slot) -> Item<'a> {
        let text = |range: &Range<usize>| &self.text[range.clone()];
        let value = match &slot.form {
            Form::Null => Flat::Null,
            Form::Bool(v) => Flat::Bool(*v),
            Form::I64(v) => Flat::I64(*v),
            Form::U64(v) => Flat::U64(*v),
            Form::F64(v) => Flat::F64(*v),
            Form::Str(range) => Flat::Str(text(range)),
            Form::Json(range) => Flat::Json(text(range)),
        };
        Item { interned: slot.interned, key: slot.interned.unwrap_or_else(|| text(&slot.key)), value }
    }

    /// Every key in order: timestamp, level, caller, content, fields, duration, trace, span.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Item<'_>> {
        self.slots.iter().map(|slot| self.item(slot))
    }

    /// Where the content stands among [`items`](Self::items).
    #[must_use]
    pub fn content_index(&self) -> usize {
        self.content
    }

    /// The content; text is itself, anything else its JSON.
    #[must_use]
    pub fn content(&self) -> Flat<'_> {
        self.slots.get(self.content).map_or(Flat::Null, |slot| self.item(slot).value)
    }
}
