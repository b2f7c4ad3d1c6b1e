//! How a line is rendered: what can be lent is borrowed from the record, everything else is made once.

use std::ops::Range;

use super::{Form, Made, Rendered, Slot, SlotKey, Stamped};
use crate::bridge::places::{self, push_caller};
use crate::bridge::{Flat, double_of, intern, of_json};
use crate::encode::layout::TimeLayout;
use crate::encode::{guard, json, text};
use crate::field::Key;
use crate::format::MaskKeys;
use crate::owned::OwnedField;
use crate::record::Record;
use crate::sensitive::MASK;
use crate::site::Site;
use crate::value::{Value, unix_parts};

impl<'a> Rendered<'a> {
    #[inline]
    pub(super) fn fill(&mut self, record: &'a Record<'a>) {
        self.made.fill_timestamp(record);
        if record.kind().has_caller() {
            match record.site() {
                Some(site) if record.call.caller.is_none() => self.caller = Some(places::of_site(site)),
                _ => {
                    self.made.caller.clear();
                    push_caller(&mut self.made.caller, record.caller());
                }
            }
        }
        self.made.text.clear();
        match record.content() {
            Value::Str(text) if text.len() <= record.format.max_content => self.content = Form::Flat(Flat::Str(text)),
            _ => self.fill_content(record),
        }
        if self.lend_all(record) {
            return;
        }
        self.slots = std::mem::take(&mut self.made.slots);
        self.fill_fields(record);
        if let Some(ns) = record.duration() {
            let Made { json, text, .. } = &mut *self.made;
            json.clear();
            crate::encode::number::push_millis(json, ns);
            let start = text.len();
            text.push_str(std::str::from_utf8(json).unwrap_or_default());
            self.duration = Some(start..text.len());
        }
    }

    /// Most lines have nothing but the macro's own fields, none of which has to be rendered.
    #[inline]
    fn lend_all(&mut self, record: &'a Record<'a>) -> bool {
        if !record.has_own_values_only() {
            return false;
        }
        let values = record.call.values;
        let Some(site) = record.site().filter(|_| !values.is_empty()) else {
            return values.is_empty();
        };
        let shape = site.shape(record.format);
        let lendable =
            shape.simple && shape.masked.is_empty() && values.iter().all(|value| Flat::lend(value).is_some());
        if lendable {
            self.lent = (site.keys(), values);
        }
        lendable
    }

    #[inline(never)]
    fn fill_content(&mut self, record: &'a Record<'a>) {
        let most = record.format.max_content;
        let (form, cut) = match record.content() {
            Value::Str(text) => {
                let kept = text.floor_char_boundary(most);
                (Form::Flat(Flat::Str(&text[..kept])), kept < text.len())
            }
            content @ (Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_)) => {
                let Range { start, end } = self.made_of_text(content);
                let kept = self.made.text[start..end].floor_char_boundary(most);
                self.made.text.truncate(start + kept);
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
        if masks.is_empty() && values.iter().all(|value| Flat::lend(value).is_some()) {
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
            return Form::Flat(Flat::F64(double_of(v)));
        }
        let Made { json, text, .. } = &mut *self.made;
        json.clear();
        json::push_value(json, value, masks);
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
        let start = self.made.text.len();
        make(&mut self.made.text);
        start..self.made.text.len()
    }

    /// The text that foreign code writes, or the mark that stands for it.
    fn made_of_text(&mut self, value: Value<'_>) -> Range<usize> {
        let text = &mut self.made.text;
        let start = text.len();
        if let Err(mark) = guard::run(|| text::write_text(text, value)) {
            text.truncate(start);
            text.push_str(&mark);
        }
        start..text.len()
    }
}

impl Made {
    /// Lines that come in the same millisecond share its text.
    #[inline]
    fn fill_timestamp(&mut self, record: &Record<'_>) {
        let (secs, nanos) = unix_parts(record.time);
        let stamped = Stamped(secs, nanos / NANOS_PER_MILLI, record.format.id);
        if self.stamped != Some(stamped) {
            self.stamped = matches!(record.format.time, TimeLayout::Millis).then_some(stamped);
            let mut text = std::mem::take(&mut self.timestamp).into_bytes();
            text.clear();
            record.push_timestamp(&mut text);
            self.timestamp = String::from_utf8(text).unwrap_or_default();
        }
    }
}

const NANOS_PER_MILLI: u32 = 1_000_000;
