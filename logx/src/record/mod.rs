//! One line on its way to a writer: everything by reference, nothing encoded yet.

mod owned;
mod precedence;

use std::time::SystemTime;

use crate::caller::Caller;
use crate::context::{Context, TraceIds};
use crate::dispatch::Call;
use crate::encode::{line, text, time};
use crate::error::WriteError;
use crate::field::Key;
use crate::fields::FieldList;
use crate::format::{FieldKeys, Format, MaskKeys};
use crate::health;
use crate::level::Kind;
use crate::local::{self, Thread};
use crate::owned::{OwnedField, OwnedValue};
use crate::site::Site;
use crate::value::Value;
use crate::writer::Writer;

pub use owned::OwnedRecord;

/// One line, as a [`Writer`] gets it. It borrows all it holds; [`to_owned`](Self::to_owned) keeps it.
#[derive(Debug)]
pub struct Record<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) time: SystemTime,
    pub(crate) globals: &'a FieldList,
    /// The logger's context, or the frame.
    pub(crate) context: Option<&'a Context>,
    /// Ids from a source outside logx, for lines that have no context of ours.
    pub(crate) ids: Option<&'a TraceIds>,
    pub(crate) format: &'a Format,
    /// The logging thread's own state; none while the thread ends.
    pub(crate) thread: Option<&'a Thread>,
}

impl<'a> Record<'a> {
    /// What the line says of itself.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.call.kind
    }

    /// When it was logged.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// The content as it was given, neither cut nor masked. Print [`for_each`](Self::for_each)'s instead.
    #[must_use]
    pub fn content(&self) -> Value<'a> {
        self.call.content
    }

    /// The macro's call-site; methods and functions have none.
    #[must_use]
    pub fn site(&self) -> Option<&'static Site> {
        self.call.site
    }

    /// Where it was logged.
    #[must_use]
    pub fn caller(&self) -> Caller<'a> {
        let of_site = || self.call.site.map_or(Caller::UNKNOWN, Site::caller);
        self.call.caller.unwrap_or_else(of_site)
    }

    /// The module path, or what the call said it was.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.call.target.unwrap_or_else(|| self.call.site.map_or("", Site::target))
    }

    /// The names of the keys in force.
    #[must_use]
    pub fn keys(&self) -> &'a FieldKeys {
        &self.format.keys
    }

    /// The trace id, if there is one.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.context.map_or_else(|| self.ids.map(TraceIds::trace), Context::trace)
    }

    /// The span id, if there is one.
    #[must_use]
    pub fn span(&self) -> Option<&str> {
        self.context.map_or_else(|| self.ids.map(TraceIds::span), Context::span)
    }

    /// Nanoseconds of the logger's duration, if it has one and no field takes its place.
    #[must_use]
    pub fn duration(&self) -> Option<i64> {
        let duration = self.call.log?.duration?;
        let key = &*self.format.keys.duration;
        let shadowed =
            self.call_keys().any(|k| k.as_str() == key) || self.context_fields().iter().any(|f| &*f.key == key);
        (!shadowed).then_some(duration)
    }

    /// Hands the record to the method of `writer` that bears its kind's name: the only way to a writer.
    ///
    /// # Errors
    /// What the writer reports.
    #[inline]
    pub fn deliver<W: Writer + ?Sized>(&self, writer: &W) -> Result<(), WriteError> {
        match self.call.kind {
            Kind::Info => writer.info(self),
            Kind::Debug => writer.debug(self),
            Kind::Warn => writer.warn(self),
            Kind::Error => writer.error(self),
            Kind::Slow => writer.slow(self),
            Kind::Stat => writer.stat(self),
            Kind::Severe => writer.severe(self),
            Kind::Alert => writer.alert(self),
            Kind::Stack => writer.stack(self),
        }
    }

    /// Appends the line as one JSON object with its newline.
    pub fn push_json(&self, out: &mut Vec<u8>) {
        line::push_json(out, self);
    }

    /// Appends the line in plain encoding with its newline; with colours for the level's word if asked for.
    pub fn push_plain(&self, out: &mut Vec<u8>, colored: bool) {
        crate::encode::plain::push_plain(out, self, colored);
    }

    /// Calls `each` with the user's fields as they are printed: unique, in order, masked where they must be.
    pub fn for_each_field(&self, each: &mut dyn FnMut(&str, Value<'_>)) {
        self.for_each_field_key(&mut |key, value| each(key.as_str(), value));
    }

    /// The same with keys that tell whether they live for ever.
    pub fn for_each_field_key(&self, each: &mut dyn FnMut(Key<'_>, Value<'_>)) {
        let masks = &self.format.masks;
        let shown = |key: &str, value| if masks.covers(key) { Value::Str(crate::sensitive::MASK) } else { value };
        if self.is_simple() {
            self.all_fields(|_| true).for_each(|(key, value)| each(key, shown(key.as_str(), value)));
            return;
        }
        for entry in self.entries() {
            let value = if entry.masked { Value::Str(crate::sensitive::MASK) } else { entry.value };
            match entry.key {
                key if !entry.renamed => each(key, value),
                _ => each(Key::Dyn(&entry.name()), value),
            }
        }
    }

    /// Runs `f` with an empty buffer that is kept for the thread's next line.
    #[inline]
    pub(crate) fn with_buffer<R>(&self, f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let mut buffer = self.thread.map_or_else(Vec::new, Thread::take_buffer);
        let result = f(&mut buffer);
        if let Some(thread) = self.thread {
            thread.keep_buffer(buffer);
        }
        result
    }

    /// Appends the timestamp as the line prints it.
    #[inline(always)]
    pub(crate) fn push_timestamp(&self, out: &mut Vec<u8>) {
        let layout = &self.format.time;
        match self.thread {
            Some(thread) => time::push_timestamp_with(out, self.time, layout, thread.stamp()),
            None => time::push_timestamp(out, self.time, layout),
        }
    }

    /// Counts bytes that a sink took.
    #[inline]
    pub(crate) fn count_bytes(&self, n: usize) {
        match self.thread {
            Some(thread) => thread.counters().count_bytes(n),
            None => health::count_bytes_without_thread(n),
        }
    }

    /// The logging thread's number.
    #[inline]
    pub(crate) fn token(&self) -> u64 {
        self.thread.map_or_else(local::token, Thread::token)
    }

    pub(crate) fn masks(&self) -> &'a MaskKeys {
        &self.format.masks
    }

    /// Calls `each` with every key of the line as the native writer prints it, in its order, the timestamp as text first.
    pub fn for_each(&self, each: &mut dyn FnMut(&str, Value<'_>)) {
        self.for_each_key(&mut |key, value| each(key.as_str(), value));
    }

    /// As [`for_each`](Self::for_each), and tells keys known at compile time from others.
    pub fn for_each_key(&self, each: &mut dyn FnMut(Key<'_>, Value<'_>)) {
        fn as_text(bytes: &[u8]) -> Value<'_> {
            Value::Str(std::str::from_utf8(bytes).unwrap_or_default())
        }
        let names = self.keys();
        let mut text = Vec::with_capacity(64);
        self.push_timestamp(&mut text);
        each(Key::Dyn(&names.timestamp), as_text(&text));
        each(Key::Dyn(&names.level), Value::Str(self.call.kind.word()));
        if self.call.kind.has_caller() {
            text.clear();
            self.caller().push(&mut text);
            each(Key::Dyn(&names.caller), as_text(&text));
        }
        let cut = self.with_content(|content, cut| {
            each(Key::Dyn(&names.content), content);
            cut
        });
        self.for_each_field_key(each);
        if let Some(ns) = self.duration() {
            text.clear();
            crate::encode::number::push_millis(&mut text, ns);
            each(Key::Dyn(&names.duration), as_text(&text));
        }
        if let Some(trace) = self.trace() {
            each(Key::Dyn(&names.trace), Value::Str(trace));
        }
        if let Some(span) = self.span() {
            each(Key::Dyn(&names.span), Value::Str(span));
        }
        if cut {
            each(Key::Dyn(&names.truncated), Value::Bool(true));
        }
    }

    /// The content as it is printed: masked, text rendered and cut; and whether it was cut.
    pub fn with_content<R>(&self, use_it: impl FnOnce(Value<'_>, bool) -> R) -> R {
        match self.call.content {
            Value::Str(s) if s.len() <= self.format.max_content => use_it(Value::Str(s), false),
            Value::Str(_) | Value::Fmt(_) | Value::Display(_) | Value::Debug(_) | Value::Error(_) => {
                let text = text::to_string(self.call.content);
                let kept = &text[..text.floor_char_boundary(self.format.max_content)];
                use_it(Value::Str(kept), kept.len() < text.len())
            }
            // go-zero marshals a duration that is the content as its nanoseconds.
            Value::Duration(ns) => use_it(Value::I64(ns), false),
            Value::Masked(v) => match crate::encode::guard::mask_of(v) {
                OwnedValue::Duration(ns) => use_it(Value::I64(ns), false),
                mask => use_it(mask.as_value(), false),
            },
            Value::Encode(_) => {
                let mut json = Vec::new();
                crate::encode::json::push_value(&mut json, self.call.content, &self.format.masks);
                match text::of_json(&json) {
                    Some(text) => {
                        let kept = &text[..text.floor_char_boundary(self.format.max_content)];
                        use_it(Value::Str(kept), kept.len() < text.len())
                    }
                    None => use_it(Value::Json(&String::from_utf8_lossy(&json)), false),
                }
            }
            Value::Cut(text, cut) => use_it(Value::Str(text), cut),
            other => use_it(other, false),
        }
    }

    /// The record with all it holds.
    #[must_use]
    pub fn to_owned(&self) -> OwnedRecord {
        let (content, truncated) = self.with_content(|content, cut| (OwnedValue::from_value(content), cut));
        let mut fields = Vec::new();
        self.for_each_field(&mut |key, value| fields.push(OwnedField::new(key, OwnedValue::from_value(value))));
        OwnedRecord {
            kind: self.call.kind,
            time: self.time,
            content,
            truncated,
            caller: if self.call.kind.has_caller() { self.caller().to_text().into() } else { Box::default() },
            target: self.target().into(),
            fields,
            duration: self.duration(),
            trace: self.trace().map(Into::into),
            span: self.span().map(Into::into),
        }
    }

    pub(crate) fn global_fields(&self) -> &'a [OwnedField] {
        if self.call.kind.has_caller() { self.globals.as_slice() } else { &[] }
    }

    pub(crate) fn logger_fields(&self) -> &'a [OwnedField] {
        self.call.log.map_or(&[], |log| log.fields.as_slice())
    }

    pub(crate) fn context_fields(&self) -> &'a [OwnedField] {
        self.context.map_or(&[], |c| c.fields().as_slice())
    }
}
