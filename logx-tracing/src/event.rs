//! A line as one event of tracing.

use logx::bridge::{self, Flat, Item, KeysId, Rendered};
use logx::{Key, Kind, Record, Value};
use tracing_core::Event;
use tracing_core::field::Value as Field;

use crate::callsite::{self, Place, Site};
use crate::fields::{Text, json_of, plain};
use crate::{FIELDS_KEY, MESSAGE_KEY, STACK_KEY};

/// A user's keys that collide with those that tracing's subscribers know, renamed as logx renames its own.
const RENAMED_MESSAGE: &str = "fields.message";
const RENAMED_STACK: &str = "fields.stack";

/// Keys of an event that need no memory of their own.
const FEW: usize = 32;

/// Runs `use_it` with room for `n`.
#[inline]
fn with_room<T: Copy, R>(n: usize, empty: T, use_it: impl FnOnce(&mut [T]) -> R) -> R {
    let mut few = [empty; FEW];
    match few.get_mut(..n) {
        Some(room) => use_it(room),
        None => use_it(&mut vec![empty; n]),
    }
}

/// Which keys an event has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Every key of the line, as the native writer prints it.
    All,
    /// What a foreign subscriber gets: the message first; no timestamp, of which it has its own.
    Foreign,
}

/// Makes the event of a line and runs `use_it` with it.
pub(crate) fn with_event(
    record: &Record<'_>,
    line: &Rendered<'_>,
    shape: Shape,
    use_it: impl FnOnce(&'static Site, &Event<'_>),
) {
    // Beside a stack the text decides which keys there are.
    let id = line.keys_id().filter(|_| shape == Shape::All || !has_stack(record));
    if let Some(site) = id.and_then(|id| known::find(id, shape))
        && let Flat::Str(_) = line.content().value
    {
        return send_lent(site, line, shape, use_it);
    }
    // The stack and the JSON object of the fields may come on top.
    let n = line.max_len() + 2;
    with_room(n, "", |keys| {
        with_room(n, Flat::Null, |values| {
            let mut pairs = Pairs { keys, values, len: 0, renamed: false, extra: Vec::new() };
            match shape {
                Shape::All => pairs.push_all(line),
                Shape::Foreign => pairs.push_foreign(record, line),
            }
            let id = id.filter(|_| !pairs.renamed).map(|id| (id, shape));
            pairs.send(record, id, use_it);
        });
    });
}

/// Whether what follows the first line of the content is a stack.
fn has_stack(record: &Record<'_>) -> bool {
    matches!(record.kind(), Kind::Severe | Kind::Stack)
}

/// A line whose keys are known: its values by reference.
#[inline]
fn send_lent(site: &'static Site, line: &Rendered<'_>, shape: Shape, use_it: impl FnOnce(&'static Site, &Event<'_>)) {
    let (content, level, caller) = (line.content().value, line.level().value, line.caller().map(|item| item.value));
    let timestamp = (shape == Shape::All).then(|| line.timestamp().value);
    let head = match shape {
        Shape::All => [timestamp.as_ref(), Some(&level), caller.as_ref(), Some(&content)],
        Shape::Foreign => [Some(&content), Some(&level), caller.as_ref(), None],
    };
    let null = Text::value("null");
    let metadata = site.metadata();
    with_room(metadata.fields().len(), None, |room: &mut [Option<&dyn Field>]| {
        let head = head.into_iter().flatten().map(plain);
        let lent = line.lent().map(|(_, value)| lent(value).or(Some(&null)));
        room.iter_mut().zip(head.chain(lent)).for_each(|(slot, value)| *slot = value);
        use_it(site, &Event::new(metadata, &metadata.fields().value_set_all(room)));
    });
}

/// A value that is lent as tracing's own.
#[inline(always)]
fn lent<'v>(value: &'v Value<'_>) -> Option<&'v dyn Field> {
    match value {
        Value::Str(v) => Some(v),
        Value::I64(v) => Some(v),
        Value::U64(v) => Some(v),
        Value::F64(v) => Some(v),
        Value::Bool(v) => Some(v),
        _ => None,
    }
}

/// Call-sites of lines whose keys are the same each time.
mod known {
    use std::cell::Cell;

    use logx::bridge::KeysId;

    use super::{Shape, Site};

    const SLOTS: usize = 64;

    type Known = Option<(KeysId, Shape, &'static Site)>;

    thread_local! {
        static KNOWN: [Cell<Known>; SLOTS] = const { [const { Cell::new(None) }; SLOTS] };
    }

    #[inline]
    pub(super) fn find(id: KeysId, shape: Shape) -> Option<&'static Site> {
        let known = KNOWN.try_with(|known| known[id.hash() % SLOTS].get()).ok().flatten()?;
        (known.0 == id && known.1 == shape).then_some(known.2)
    }

    pub(super) fn keep(id: KeysId, shape: Shape, site: &'static Site) {
        let _ = KNOWN.try_with(|known| known[id.hash() % SLOTS].set(Some((id, shape, site))));
    }
}

/// The keys and values of one event.
struct Pairs<'a, 'r> {
    keys: &'r mut [&'static str],
    values: &'r mut [Flat<'a>],
    len: usize,
    /// A user's key has got another name.
    renamed: bool,
    /// Keys that cannot be interned, and their values: `,"key":value`.
    extra: Vec<u8>,
}

impl<'a> Pairs<'a, '_> {
    #[inline]
    fn put(&mut self, key: &'static str, value: Flat<'a>) {
        self.keys[self.len] = key;
        self.values[self.len] = value;
        self.len += 1;
    }

    #[inline]
    fn push(&mut self, item: Item<'a>) {
        match item.key {
            Key::Static(key) => self.put(key, item.value),
            Key::Dyn(key) => push_extra(&mut self.extra, key, item.value),
        }
    }

    fn push_all(&mut self, line: &'a Rendered<'a>) {
        line.all().for_each(|item| self.push(item));
    }

    fn push_foreign(&mut self, record: &Record<'_>, line: &'a Rendered<'a>) {
        let has_stack = has_stack(record);
        match line.content().value {
            Flat::Str(text) => match text.split_once('\n').filter(|_| has_stack) {
                Some((first, stack)) => {
                    self.put(MESSAGE_KEY, Flat::Str(first));
                    self.put(STACK_KEY, Flat::Str(stack));
                }
                None => self.put(MESSAGE_KEY, Flat::Str(text)),
            },
            other => self.put(MESSAGE_KEY, other),
        }
        self.push(line.level());
        line.caller().into_iter().for_each(|caller| self.push(caller));
        let start = self.len;
        line.before_lent().for_each(|item| self.push(item));
        line.lent().for_each(|(key, value)| self.put(key, Flat::of(value)));
        line.behind_lent().for_each(|item| self.push(item));
        for names in [Some([MESSAGE_KEY, RENAMED_MESSAGE]), has_stack.then_some([STACK_KEY, RENAMED_STACK])] {
            names.into_iter().for_each(|names| self.rename(start, names));
        }
    }

    /// Of the fields from `start` on, those with a key that has another meaning for subscribers get another one. A field
    /// may bear that key as it is: the last of them wins, as it does where logx renames.
    #[inline]
    fn rename(&mut self, start: usize, names: [&'static str; 2]) {
        if self.keys[start..self.len].iter().any(|key| names.contains(key)) {
            self.rename_last(start, names);
        }
    }

    #[cold]
    fn rename_last(&mut self, start: usize, names: [&'static str; 2]) {
        self.renamed = true;
        let last = self.keys[start..self.len].iter().rposition(|key| names.contains(key)).map(|i| start + i);
        let all = std::mem::replace(&mut self.len, start);
        for i in start..all {
            let (key, value) = (self.keys[i], self.values[i]);
            match names.contains(&key) {
                false => self.put(key, value),
                true if Some(i) == last => self.put(names[1], value),
                true => {}
            }
        }
    }

    fn send(
        mut self,
        record: &Record<'_>,
        id: Option<(KeysId, Shape)>,
        use_it: impl FnOnce(&'static Site, &Event<'_>),
    ) {
        let place = Place::of(record);
        if self.extra.is_empty()
            && let Some(site) = callsite::find(&place, &self.keys[..self.len])
        {
            if let Some((id, shape)) = id {
                known::keep(id, shape, site);
            }
            return send(site, &self.values[..self.len], None, use_it);
        }
        self.move_fields(record);
        let mut object = std::mem::take(&mut self.extra);
        if let Some(comma) = object.first_mut() {
            *comma = b'{';
            object.push(b'}');
        }
        let object = String::from_utf8(object).unwrap_or_default();
        let splice = (!object.is_empty()).then(|| Text::splice(&object));
        let mut keys = self.keys[..self.len].to_vec();
        keys.extend(splice.as_ref().map(|_| FIELDS_KEY));
        let object = splice.as_ref().map(|text| text as &dyn Field);
        send(callsite::find_shared(&place, &keys), &self.values[..self.len], object, use_it);
    }

    /// Leaves logx's own keys and moves the others into one object.
    fn move_fields(&mut self, record: &Record<'_>) {
        let own = record.keys().all();
        let is_own = |key: &str| key == MESSAGE_KEY || key == STACK_KEY || own.contains(&key);
        let all = std::mem::take(&mut self.len);
        for i in 0..all {
            let (key, value) = (self.keys[i], self.values[i]);
            if is_own(key) {
                self.put(key, value);
            } else {
                push_extra(&mut self.extra, key, value);
            }
        }
    }
}

fn push_extra(out: &mut Vec<u8>, key: &str, value: Flat<'_>) {
    bridge::push_key(out, key);
    bridge::push_value(out, Value::from(value));
}

#[inline]
fn send(
    site: &'static Site,
    values: &[Flat<'_>],
    object: Option<&dyn Field>,
    use_it: impl FnOnce(&'static Site, &Event<'_>),
) {
    let metadata = site.metadata();
    let texts: Vec<_> = values.iter().filter(|v| plain(v).is_none()).map(|v| Text::value(json_of(*v))).collect();
    let mut texts = texts.iter();
    let n = values.len() + usize::from(object.is_some());
    with_room(n, None, |room: &mut [Option<&dyn Field>]| {
        for (slot, value) in room.iter_mut().zip(values) {
            *slot = plain(value).or_else(|| texts.next().map(|text| text as &dyn Field));
        }
        if let (Some(last), Some(object)) = (room.last_mut(), object) {
            *last = Some(object);
        }
        use_it(site, &Event::new(metadata, &metadata.fields().value_set_all(room)));
    });
}
