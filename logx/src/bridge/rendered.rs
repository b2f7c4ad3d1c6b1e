//! A line rendered as a whole, before any foreign logger is called: nothing can fail or log half-way any more.

use std::cell::Cell;
use std::ops::Range;

use super::places::push_caller;
use super::{Flat, intern, of_json};
use crate::encode::{guard, json, text, time};
use crate::field::Key;
use crate::format::{Format, MaskKeys};
use crate::owned::OwnedField;
use crate::record::Record;
use crate::sensitive::MASK;
use crate::site::Site;
use crate::value::Value;

/// Where logx's own keys stand in [`FieldKeys::all`](crate::FieldKeys::all).
mod own {
    pub(super) const TIMESTAMP: usize = 0;
    pub(super) const LEVEL: usize = 1;
    pub(super) const CALLER: usize = 2;
    pub(super) const CONTENT: usize = 3;
    pub(super) const DURATION: usize = 4;
    pub(super) const TRACE: usize = 5;
    pub(super) const SPAN: usize = 6;
    pub(super) const TRUNCATED: usize = 7;
    pub(super) const COUNT: usize = 8;
}

/// All keys and values of a line, rendered, in its order. What the line lends is borrowed, what had to be rendered is
/// held; the memory is the thread's.
#[derive(Debug)]
pub struct Rendered<'a> {
    format: &'a Format,
    level: &'static str,
    has_caller: bool,
    content: Form<'a>,
    /// Fields, but for those of the macro that are lent as they are.
    slots: Vec<Slot<'a>>,
    /// How many of the slots stand before the lent fields.
    before: usize,
    lent: (&'static [&'static str], &'a [Value<'a>]),
    duration: Option<Range<usize>>,
    trace: Option<&'a str>,
    span: Option<&'a str>,
    cut: bool,
    timestamp: Vec<u8>,
    caller: String,
    /// Everything else that was rendered, one after another.
    text: String,
    /// JSON of the value that is being rendered.
    json: Vec<u8>,
}

#[derive(Debug)]
struct Slot<'a> {
    key: SlotKey<'a>,
    form: Form<'a>,
}

#[derive(Debug)]
enum SlotKey<'a> {
    Lent(Key<'a>),
    /// Not interned and made for this line.
    Made(Range<usize>),
}

#[derive(Debug)]
enum Form<'a> {
    Flat(Flat<'a>),
    Str(Range<usize>),
    Json(Range<usize>),
}

/// One key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The key: as a static, unless no more keys are interned.
    pub key: Key<'a>,
    /// The value.
    pub value: Flat<'a>,
}

/// A thread's memory for its lines.
#[derive(Default)]
struct Spare {
    slots: Vec<Slot<'static>>,
    timestamp: Vec<u8>,
    caller: String,
    text: String,
    json: Vec<u8>,
}

thread_local! {
    static SPARE: Cell<Option<Box<Spare>>> = const { Cell::new(None) };
}

/// What is kept for the thread's next line.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_SLOTS: usize = 256;

impl Rendered<'_> {
    /// Renders the record and runs `use_it` with it; the memory is kept for the thread's next line.
    #[inline]
    pub fn with<R>(record: &Record<'_>, use_it: impl FnOnce(&Rendered<'_>) -> R) -> R {
        let mut spare = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let mut rendered = Rendered {
            format: record.format,
            level: record.kind().word(),
            has_caller: record.kind().has_caller(),
            content: Form::Flat(Flat::Null),
            slots: std::mem::take(&mut spare.slots),
            before: 0,
            lent: (&[], &[]),
            duration: None,
            trace: record.trace(),
            span: record.span(),
            cut: false,
            timestamp: std::mem::take(&mut spare.timestamp),
            caller: std::mem::take(&mut spare.caller),
            text: std::mem::take(&mut spare.text),
            json: std::mem::take(&mut spare.json),
        };
        rendered.fill(record);
        let result = use_it(&rendered);
        rendered.give_back(spare);
        result
    }

    fn give_back(self, mut spare: Box<Spare>) {
        let Self { mut slots, mut timestamp, mut caller, mut text, json, .. } = self;
        let kept = text.capacity() <= KEEP_BYTES && json.capacity() <= KEEP_BYTES;
        if !kept || slots.capacity() > KEEP_SLOTS || caller.capacity() > KEEP_BYTES {
            return;
        }
        slots.clear();
        timestamp.clear();
        caller.clear();
        text.clear();
        // The same memory for slots that borrow from another line: collecting an emptied vector keeps it.
        spare.slots = slots.into_iter().map(|_| unreachable!("the slots are cleared")).collect();
        (spare.timestamp, spare.caller, spare.text, spare.json) = (timestamp, caller, text, json);
        let _ = SPARE.try_with(|cell| cell.set(Some(spare)));
    }
}

impl<'a> Rendered<'a> {
    fn fill(&mut self, record: &'a Record<'a>) {
        time::push_timestamp(&mut self.timestamp, record.time, &record.format.time);
        if self.has_caller {
            push_caller(&mut self.caller, record.caller());
        }
        self.fill_content(record);
        self.fill_fields(record);
        if let Some(ns) = record.duration() {
            self.json.clear();
            crate::encode::number::push_millis(&mut self.json, ns);
            let start = self.text.len();
            self.text.push_str(std::str::from_utf8(&self.json).unwrap_or_default());
            self.duration = Some(start..self.text.len());
        }
    }

    fn fill_content(&mut self, record: &'a Record<'a>) {
        let most = record.format.max_content;
        let (form, cut) = match record.content() {
            Value::Str(text) if text.len() <= most => (Form::Flat(Flat::Str(text)), false),
            Value::Str(text) => (Form::Flat(Flat::Str(&text[..text.floor_char_boundary(most)])), true),
            content @ (Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_)) => {
                let Range { start, end } = self.made_of_text(content);
                let kept = self.text[start..end].floor_char_boundary(most);
                self.text.truncate(start + kept);
                (Form::Str(start..start + kept), start + kept < end)
            }
            _ => record.with_content(|content, cut| (self.copied(content, record.masks()), cut)),
        };
        (self.content, self.cut) = (form, cut);
    }

    fn fill_fields(&mut self, record: &'a Record<'a>) {
        let masks = record.masks();
        if !record.is_simple() {
            return record.for_each_field_key(&mut |key, value| {
                let key = self.copied_key(key);
                let form = self.copied(value, masks);
                self.slots.push(Slot { key, form });
            });
        }
        self.put_list(record.global_fields(), masks);
        self.put_list(record.logger_fields(), masks);
        let keys = record.site().map_or(&[][..], Site::keys);
        let values = record.call.values;
        if masks.is_empty() && values.iter().all(|value| flat(value).is_some()) {
            self.before = self.slots.len();
            self.lent = (keys, values);
        } else {
            keys.iter().zip(values).for_each(|(key, value)| self.put_field(Key::Static(key), *value, masks));
        }
        record.call.fields.iter().for_each(|field| self.put_field(field.key, field.value, masks));
        self.put_list(record.context_fields(), masks);
    }

    fn put_list(&mut self, fields: &'a [OwnedField], masks: &MaskKeys) {
        for field in fields {
            self.put_field(Key::Dyn(&field.key), field.value.as_value(), masks);
        }
    }

    #[inline]
    fn put_field(&mut self, key: Key<'a>, value: Value<'a>, masks: &MaskKeys) {
        let form = match value {
            _ if masks.covers(key.as_str()) => Form::Flat(Flat::Str(MASK)),
            Value::Str(text) => Form::Flat(Flat::Str(text)),
            other => self.copied(other, masks),
        };
        let key = intern(key).map_or(key, Key::Static);
        self.slots.push(Slot { key: SlotKey::Lent(key), form });
    }

    fn copied_key(&mut self, key: Key<'_>) -> SlotKey<'a> {
        match intern(key) {
            Some(key) => SlotKey::Lent(Key::Static(key)),
            None => SlotKey::Made(self.made(|out| out.push_str(key.as_str()))),
        }
    }

    /// A value that is gone when the next one comes.
    #[inline]
    fn copied(&mut self, value: Value<'_>, masks: &MaskKeys) -> Form<'a> {
        match value {
            Value::I64(v) => Form::Flat(Flat::I64(v)),
            Value::U64(v) => Form::Flat(Flat::U64(v)),
            Value::Bool(v) => Form::Flat(Flat::Bool(v)),
            Value::F64(v) if v.is_finite() => Form::Flat(Flat::F64(v)),
            Value::Null => Form::Flat(Flat::Null),
            Value::Str(v) => Form::Str(self.made(|out| out.push_str(v))),
            Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_) => {
                Form::Str(self.made_of_text(value))
            }
            other => self.rare(other, masks),
        }
    }

    #[inline(never)]
    fn rare(&mut self, value: Value<'_>, masks: &MaskKeys) -> Form<'a> {
        if let Value::Masked(v) = value {
            return self.copied(guard::mask_of(v).as_value(), masks);
        }
        if let Value::F32(v) = value
            && v.is_finite()
        {
            return Form::Flat(Flat::F64(super::double_of(v)));
        }
        self.json.clear();
        json::push_value(&mut self.json, value, masks);
        let Self { json, text, .. } = self;
        let push = |out: &mut String, part: &str| {
            let start = out.len();
            out.push_str(part);
            start..out.len()
        };
        match of_json(std::str::from_utf8(json).unwrap_or("null"), &mut String::new()) {
            Flat::Str(v) => Form::Str(push(text, v)),
            Flat::Json(v) => Form::Json(push(text, v)),
            Flat::Null => Form::Flat(Flat::Null),
            Flat::Bool(v) => Form::Flat(Flat::Bool(v)),
            Flat::I64(v) => Form::Flat(Flat::I64(v)),
            Flat::U64(v) => Form::Flat(Flat::U64(v)),
            Flat::F64(v) => Form::Flat(Flat::F64(v)),
        }
    }

    /// What `make` appends.
    #[inline]
    fn made(&mut self, make: impl FnOnce(&mut String)) -> Range<usize> {
        let start = self.text.len();
        make(&mut self.text);
        start..self.text.len()
    }

    /// The text that foreign code writes, or the mark that stands for it.
    fn made_of_text(&mut self, value: Value<'_>) -> Range<usize> {
        let start = self.text.len();
        if let Err(mark) = guard::run(|| text::write_text(&mut self.text, value)) {
            self.text.truncate(start);
            self.text.push_str(&mark);
        }
        start..self.text.len()
    }

    #[inline]
    fn value_of<'s>(&'s self, form: &Form<'s>) -> Flat<'s> {
        match form {
            Form::Flat(flat) => *flat,
            Form::Str(range) => Flat::Str(&self.text[range.clone()]),
            Form::Json(range) => Flat::Json(&self.text[range.clone()]),
        }
    }

    #[inline]
    fn key_of<'s>(&'s self, slot: &'s Slot<'s>) -> Key<'s> {
        match &slot.key {
            SlotKey::Lent(key) => *key,
            SlotKey::Made(range) => Key::Dyn(&self.text[range.clone()]),
        }
    }

    fn items<'s>(&'s self, slots: &'s [Slot<'s>]) -> impl Iterator<Item = Item<'s>> {
        slots.iter().map(|slot| Item { key: self.key_of(slot), value: self.value_of(&slot.form) })
    }

    #[inline]
    fn own(&self, i: usize) -> Key<'_> {
        match self.format.interned_keys()[i] {
            Some(key) => Key::Static(key),
            None => Key::Dyn(self.format.keys.all()[i]),
        }
    }

    /// When the line was logged.
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Item<'_> {
        let text = std::str::from_utf8(&self.timestamp).unwrap_or_default();
        Item { key: self.own(own::TIMESTAMP), value: Flat::Str(text) }
    }

    /// The kind's word.
    #[inline]
    #[must_use]
    pub fn level(&self) -> Item<'_> {
        Item { key: self.own(own::LEVEL), value: Flat::Str(self.level) }
    }

    /// Where it was logged, for the kinds that say it.
    #[inline]
    #[must_use]
    pub fn caller(&self) -> Option<Item<'_>> {
        self.has_caller.then(|| Item { key: self.own(own::CALLER), value: Flat::Str(&self.caller) })
    }

    /// The content; text is itself, anything else its JSON.
    #[inline]
    #[must_use]
    pub fn content(&self) -> Item<'_> {
        Item { key: self.own(own::CONTENT), value: self.value_of(&self.content) }
    }

    /// The fields in front of [`lent`](Self::lent).
    #[inline]
    pub fn before_lent(&self) -> impl Iterator<Item = Item<'_>> {
        self.items(&self.slots[..self.before])
    }

    /// A macro's fields that need no rendering.
    #[inline(always)]
    pub fn lent(&self) -> impl Iterator<Item = (&'static str, Flat<'_>)> {
        let (keys, values) = self.lent;
        keys.iter().zip(values).map(|(key, value)| (*key, flat(value).unwrap_or(Flat::Null)))
    }

    /// The fields behind [`lent`](Self::lent), and the duration, the trace and what else stands at the end.
    #[inline]
    pub fn behind_lent(&self) -> impl Iterator<Item = Item<'_>> {
        self.items(&self.slots[self.before..]).chain(self.end())
    }

    /// logx's own keys behind the fields.
    #[inline]
    fn end(&self) -> impl Iterator<Item = Item<'_>> {
        let any = self.duration.is_some() || self.trace.is_some() || self.span.is_some() || self.cut;
        any.then(|| self.own_end()).into_iter().flatten().flatten()
    }

    #[cold]
    fn own_end(&self) -> [Option<Item<'_>>; 4] {
        let item = |i, value| Item { key: self.own(i), value };
        let text = |i, text: Option<&'a str>| text.map(|text| item(i, Flat::Str(text)));
        let duration = self.duration.clone().map(|range| Flat::Str(&self.text[range]));
        [
            duration.map(|value| item(own::DURATION, value)),
            text(own::TRACE, self.trace),
            text(own::SPAN, self.span),
            self.cut.then(|| item(own::TRUNCATED, Flat::Bool(true))),
        ]
    }

    /// Everything behind the content: fields, duration, trace, span.
    pub fn tail(&self) -> impl Iterator<Item = Item<'_>> {
        let lent = self.lent().map(|(key, value)| Item { key: Key::Static(key), value });
        self.before_lent().chain(lent).chain(self.behind_lent())
    }

    /// Every key in order: timestamp, level, caller, content, fields, duration, trace, span.
    pub fn all(&self) -> impl Iterator<Item = Item<'_>> {
        let head = [Some(self.timestamp()), Some(self.level()), self.caller(), Some(self.content())];
        head.into_iter().flatten().chain(self.tail())
    }

    /// At most so many are [`all`](Self::all).
    #[inline]
    #[must_use]
    pub fn max_len(&self) -> usize {
        own::COUNT + self.slots.len() + self.lent.0.len()
    }
}

/// A value that needs no rendering.
#[inline(always)]
fn flat<'a>(value: &Value<'a>) -> Option<Flat<'a>> {
    match *value {
        Value::Str(v) => Some(Flat::Str(v)),
        Value::I64(v) => Some(Flat::I64(v)),
        Value::U64(v) => Some(Flat::U64(v)),
        Value::Bool(v) => Some(Flat::Bool(v)),
        Value::F64(v) if v.is_finite() => Some(Flat::F64(v)),
        Value::Null => Some(Flat::Null),
        _ => None,
    }
}
