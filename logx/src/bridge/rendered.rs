//! A line rendered as a whole, before any foreign logger is called: nothing can fail or log half-way any more.

use std::cell::Cell;
use std::ops::Range;

use super::names::{self, Names};
use super::{Flat, intern, of_json};
use crate::encode::{guard, json, text, time};
use crate::field::Key;
use crate::format::MaskKeys;
use crate::owned::OwnedField;
use crate::record::Record;
use crate::sensitive::MASK;
use crate::site::Site;
use crate::value::Value;

/// All keys and values of a line, rendered, in its order. What the line lends is borrowed, what had to be rendered is
/// held; the memory is the thread's.
#[derive(Debug)]
pub struct Rendered<'a> {
    names: Names<'a>,
    timestamp: Range<usize>,
    level: &'static str,
    caller: Option<Range<usize>>,
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
    /// Everything that was rendered, one after another.
    text: String,
    /// What is being rendered.
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
    text: String,
    json: Vec<u8>,
}

thread_local! {
    static SPARE: Cell<Option<Spare>> = const { Cell::new(None) };
}

/// What is kept for the thread's next line.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_SLOTS: usize = 256;

impl Rendered<'_> {
    /// Renders the record and runs `use_it` with it; the memory is kept for the thread's next line.
    pub fn with<R>(record: &Record<'_>, use_it: impl FnOnce(&Rendered<'_>) -> R) -> R {
        let Spare { slots, text, json } = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let mut rendered = Rendered {
            names: Names::of(record.format),
            timestamp: 0..0,
            level: record.kind().word(),
            caller: None,
            content: Form::Flat(Flat::Null),
            slots,
            before: 0,
            lent: (&[], &[]),
            duration: None,
            trace: record.trace(),
            span: record.span(),
            cut: false,
            text,
            json,
        };
        rendered.fill(record);
        let result = use_it(&rendered);
        rendered.recycle();
        result
    }

    fn recycle(mut self) {
        let kept = self.text.capacity() <= KEEP_BYTES && self.json.capacity() <= KEEP_BYTES;
        if kept && self.slots.capacity() <= KEEP_SLOTS {
            self.slots.clear();
            self.text.clear();
            // The same memory for slots that borrow from another line: collecting an emptied vector keeps it.
            let slots = self.slots.into_iter().map(|_| unreachable!("the slots are cleared")).collect();
            let spare = Spare { slots, text: self.text, json: self.json };
            let _ = SPARE.try_with(|cell| cell.set(Some(spare)));
        }
    }
}

impl<'a> Rendered<'a> {
    fn fill(&mut self, record: &'a Record<'a>) {
        self.json.clear();
        time::push_timestamp(&mut self.json, record.time, &record.format.time);
        self.timestamp = self.take_json_as_text();
        if record.kind().has_caller() {
            self.caller = Some(self.made(|out| names::push_caller(out, record.caller())));
        }
        self.fill_content(record);
        self.fill_fields(record);
        if let Some(ns) = record.duration() {
            self.json.clear();
            crate::encode::number::push_millis(&mut self.json, ns);
            self.duration = Some(self.take_json_as_text());
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

    /// Text that the encoder put into `json`.
    fn take_json_as_text(&mut self) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(std::str::from_utf8(&self.json).unwrap_or_default());
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

    fn slots<'s>(&'s self, slots: &'s [Slot<'s>]) -> impl Iterator<Item = Item<'s>> {
        slots.iter().map(|slot| Item { key: self.key_of(slot), value: self.value_of(&slot.form) })
    }

    /// Calls `each` with the timestamp, the level and, where there is one, the caller.
    ///
    /// # Errors
    /// The first of `each`, which is not called any more then.
    #[inline]
    pub fn for_each_of_head<'s, E>(&'s self, mut each: impl FnMut(Item<'s>) -> Result<(), E>) -> Result<(), E> {
        each(Item { key: self.names.timestamp, value: Flat::Str(&self.text[self.timestamp.clone()]) })?;
        each(Item { key: self.names.level, value: Flat::Str(self.level) })?;
        match &self.caller {
            Some(range) => each(Item { key: self.names.caller, value: Flat::Str(&self.text[range.clone()]) }),
            None => Ok(()),
        }
    }

    /// The content; text is itself, anything else its JSON.
    #[inline]
    #[must_use]
    pub fn content(&self) -> Item<'_> {
        Item { key: self.names.content, value: self.value_of(&self.content) }
    }

    /// Calls `each` with what stands behind the content: fields, duration, trace, span.
    ///
    /// # Errors
    /// The first of `each`, which is not called any more then.
    #[inline]
    pub fn for_each_of_tail<'s, E>(&'s self, mut each: impl FnMut(Item<'s>) -> Result<(), E>) -> Result<(), E> {
        let (before, after) = self.slots.split_at(self.before);
        self.slots(before).try_for_each(&mut each)?;
        let (keys, values) = self.lent;
        for (key, value) in keys.iter().zip(values) {
            let value = flat(value).unwrap_or(Flat::Null);
            each(Item { key: Key::Static(key), value })?;
        }
        self.slots(after).try_for_each(&mut each)?;
        self.logx_s_own().try_for_each(each)
    }

    /// logx's own keys behind the fields.
    fn logx_s_own(&self) -> impl Iterator<Item = Item<'_>> {
        let text = |key, text: Option<&'a str>| text.map(|text| Item { key, value: Flat::Str(text) });
        let duration = self.duration.clone().map(|range| Flat::Str(&self.text[range]));
        let own = [
            duration.map(|value| Item { key: self.names.duration, value }),
            text(self.names.trace, self.trace),
            text(self.names.span, self.span),
            self.cut.then_some(Item { key: self.names.truncated, value: Flat::Bool(true) }),
        ];
        own.into_iter().flatten()
    }

    /// Calls `each` with every key in order: timestamp, level, caller, content, fields, duration, trace, span.
    ///
    /// # Errors
    /// The first of `each`, which is not called any more then.
    #[inline]
    pub fn for_each<'s, E>(&'s self, mut each: impl FnMut(Item<'s>) -> Result<(), E>) -> Result<(), E> {
        self.for_each_of_head(&mut each)?;
        each(self.content())?;
        self.for_each_of_tail(each)
    }

    /// At most so many keys does [`for_each`](Self::for_each) give.
    #[inline]
    #[must_use]
    pub fn max_len(&self) -> usize {
        OWN_KEYS + self.slots.len() + self.lent.0.len()
    }
}

/// logx's own keys.
const OWN_KEYS: usize = 8;

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
