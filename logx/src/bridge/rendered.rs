//! A line rendered as a whole, before any foreign logger is called: nothing can fail or log half-way any more.

mod fill;

use std::ops::Range;

use super::Flat;
use crate::field::Key;
use crate::format::InternedKeys;
use crate::local::Thread;
use crate::record::Record;
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
    record: &'a Record<'a>,
    own: &'a InternedKeys,
    /// The place, for the kinds that say it; none where `made` has it.
    caller: Option<&'static str>,
    content: Form<'a>,
    /// Fields, but for those of the macro that are lent as they are.
    slots: Vec<Slot<'a>>,
    /// How many of the slots stand before the lent fields.
    before: usize,
    lent: (&'static [&'static str], &'a [Value<'a>]),
    duration: Option<Range<usize>>,
    cut: bool,
    made: Box<Made>,
}

/// What was rendered for a line; the thread's memory for it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    timestamp: String,
    /// Which one it is, where lines of one millisecond have the same.
    stamped: Option<Stamped>,
    caller: String,
    /// Everything else, one after another.
    text: String,
    /// JSON of the value that is being rendered.
    json: Vec<u8>,
    /// Memory for slots.
    slots: Vec<Slot<'static>>,
}

/// A time as lines of a format show it: seconds, milliseconds, the format's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamped(i64, u32, u32);

/// What lines have in common whose keys are the same in the same order: a call-site and a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysId {
    site: usize,
    format: u32,
}

impl KeysId {
    /// A number to find it by.
    #[inline]
    #[must_use]
    pub const fn hash(self) -> usize {
        self.site >> 4 ^ self.site >> 10
    }
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

/// What stands in front of the fields of a line of which nothing but the time had to be rendered: each key with its text.
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a> {
    /// When the line was logged.
    pub timestamp: (&'static str, &'a str),
    /// The kind's word.
    pub level: (&'static str, &'a str),
    /// Where it was logged, for the kinds that say it.
    pub caller: Option<(&'static str, &'a str)>,
    /// The content.
    pub content: (&'static str, &'a str),
}

/// What is kept for the thread's next line.
const KEEP_BYTES: usize = 16 * 1024;
const KEEP_SLOTS: usize = 256;

impl Rendered<'_> {
    /// Renders the record and runs `use_it` with it; the memory is kept for the thread's next line.
    #[inline]
    pub fn with<R>(record: &Record<'_>, use_it: impl FnOnce(&Rendered<'_>) -> R) -> R {
        let mut rendered = Rendered {
            record,
            own: record.format.interned_keys(),
            caller: None,
            content: Form::Flat(Flat::Null),
            slots: Vec::new(),
            before: 0,
            lent: (&[], &[]),
            duration: None,
            cut: false,
            made: record.thread.and_then(Thread::take_made).unwrap_or_default(),
        };
        rendered.fill(record);
        let result = use_it(&rendered);
        rendered.give_back();
        result
    }

    #[inline]
    fn give_back(self) {
        let Self { record, mut slots, mut made, .. } = self;
        let Some(thread) = record.thread else { return };
        if slots.capacity() > 0 {
            slots.clear();
            if slots.capacity() <= KEEP_SLOTS {
                // The same memory for slots that borrow from another line: collecting an emptied vector keeps it.
                made.slots = slots.into_iter().map(|_| unreachable!("the slots are cleared")).collect();
            }
        }
        if made.text.capacity().max(made.json.capacity()).max(made.caller.capacity()) <= KEEP_BYTES {
            thread.keep_made(made);
        }
    }
}

impl<'a> Rendered<'a> {
    #[inline(always)]
    fn value_of<'s>(&'s self, form: &Form<'s>) -> Flat<'s> {
        match form {
            Form::Flat(flat) => *flat,
            Form::Str(range) => Flat::Str(&self.made.text[range.clone()]),
            Form::Json(range) => Flat::Json(&self.made.text[range.clone()]),
        }
    }

    #[inline]
    fn key_of<'s>(&'s self, slot: &'s Slot<'s>) -> Key<'s> {
        match &slot.key {
            SlotKey::Lent(key) => *key,
            SlotKey::Made(range) => Key::Dyn(&self.made.text[range.clone()]),
        }
    }

    fn items<'s>(&'s self, slots: &'s [Slot<'s>]) -> impl Iterator<Item = Item<'s>> {
        slots.iter().map(|slot| Item { key: self.key_of(slot), value: self.value_of(&slot.form) })
    }

    #[inline]
    fn own(&self, i: usize) -> Key<'_> {
        match self.own.keys[i] {
            Some(key) => Key::Static(key),
            None => Key::Dyn(self.record.format.keys.all()[i]),
        }
    }

    /// When the line was logged.
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Item<'_> {
        Item { key: self.own(own::TIMESTAMP), value: Flat::Str(&self.made.timestamp) }
    }

    /// The kind's word.
    #[inline]
    #[must_use]
    pub fn level(&self) -> Item<'_> {
        Item { key: self.own(own::LEVEL), value: Flat::Str(self.record.kind().word()) }
    }

    /// Where it was logged, for the kinds that say it.
    #[inline]
    #[must_use]
    pub fn caller(&self) -> Option<Item<'_>> {
        let text = || self.caller.unwrap_or(&self.made.caller);
        self.record.kind().has_caller().then(|| Item { key: self.own(own::CALLER), value: Flat::Str(text()) })
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

    /// The line, where its content is text, its keys are interned and its only fields are [`lent`](Self::lent): the same items at less cost.
    // A structure of this size is better never made.
    #[inline(always)]
    #[must_use]
    pub fn whole(&self) -> Option<Lent<'_>> {
        let [Some(timestamp), Some(level), Some(caller), Some(content), ..] = self.own.keys else { return None };
        let Form::Flat(Flat::Str(text)) = self.content else { return None };
        if !self.slots.is_empty() || self.cut || !self.own.are_all || !self.record.has_own_values_only() {
            return None;
        }
        let has_caller = self.record.kind().has_caller();
        Some(Lent {
            timestamp: (timestamp, &self.made.timestamp),
            level: (level, self.record.kind().word()),
            caller: if has_caller { Some((caller, self.caller.unwrap_or(&self.made.caller))) } else { None },
            content: (content, text),
        })
    }

    /// A macro's fields that need no rendering.
    #[inline(always)]
    pub fn lent(&self) -> impl Iterator<Item = (&'static str, &'a Value<'a>)> {
        let (keys, values) = self.lent;
        keys.iter().copied().zip(values)
    }

    /// Whether every key is interned; without a look at each one where the line is as most are.
    #[inline]
    #[must_use]
    pub fn is_interned(&self) -> bool {
        (self.slots.is_empty() && self.own.are_all) || self.all().all(|item| matches!(item.key, Key::Static(_)))
    }

    /// The macro's call-site, where place and target of the line are its own.
    #[inline]
    #[must_use]
    pub fn site(&self) -> Option<&'static Site> {
        let call = self.record.call;
        call.site.filter(|_| call.caller.is_none() && call.target.is_none())
    }

    /// Whose keys the line has, if they are the same each time.
    #[inline]
    #[must_use]
    pub fn keys_id(&self) -> Option<KeysId> {
        let constant = self.slots.is_empty() && !self.cut && self.record.has_own_values_only();
        let site = self.site().filter(|site| constant && site.kind() == self.record.kind())?;
        Some(KeysId { site: std::ptr::from_ref(site).addr(), format: self.record.format.id })
    }

    /// The fields behind [`lent`](Self::lent), and the duration, the trace and what else stands at the end.
    #[inline]
    pub fn behind_lent(&self) -> impl Iterator<Item = Item<'_>> {
        self.items(&self.slots[self.before..]).chain(self.end())
    }

    /// logx's own keys behind the fields.
    #[inline]
    fn end(&self) -> impl Iterator<Item = Item<'_>> {
        let any = self.cut || !self.record.has_own_values_only();
        any.then(|| self.own_end()).into_iter().flatten().flatten()
    }

    #[cold]
    fn own_end(&self) -> [Option<Item<'_>>; 4] {
        let item = |i, value| Item { key: self.own(i), value };
        let text = |i, text: Option<&'a str>| text.map(|text| item(i, Flat::Str(text)));
        let duration = self.duration.clone().map(|range| Flat::Str(&self.made.text[range]));
        [
            duration.map(|value| item(own::DURATION, value)),
            text(own::TRACE, self.record.trace()),
            text(own::SPAN, self.record.span()),
            self.cut.then(|| item(own::TRUNCATED, Flat::Bool(true))),
        ]
    }

    /// Everything behind the content: fields, duration, trace, span.
    pub fn tail(&self) -> impl Iterator<Item = Item<'_>> {
        let lent = self.lent();
        let lent = lent.map(|(key, value)| Item { key: Key::Static(key), value: Flat::of(value) });
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
