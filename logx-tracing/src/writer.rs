//! logx -> tracing.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logx::bridge::{self, Flat, Item, Rendered};
use logx::sink::{self, Sink};
use logx::{Encoding, Kind, LogConf, Record, SetUpError, Value, WriteError, Writer};
use tracing_core::{Dispatch, Event, LevelFilter, dispatcher};

use crate::callsite::{self, Place, Site};
use crate::fields::Slot;
use crate::lines::{self, Lines};
use crate::{FIELDS_KEY, MESSAGE_KEY, STACK_KEY};

/// A user's keys that collide with those that tracing's subscribers know, renamed as logx renames its own.
const RENAMED_MESSAGE: &str = "fields.message";
const RENAMED_STACK: &str = "fields.stack";

/// A logx writer whose lines are tracing events.
pub struct TracingWriter {
    end: End,
    closed: AtomicBool,
}

enum End {
    /// Our own subscriber, which belongs to this writer alone.
    Lines { dispatch: Dispatch, sink: Arc<dyn Sink> },
    /// One that the program gave.
    Given(Dispatch),
    /// The one that is in force on the thread.
    Current,
}

impl TracingWriter {
    /// The writer that a configuration describes: events for a subscriber of its own, which prints them to logx's sinks.
    ///
    /// # Errors
    /// A directory or file that cannot be opened, or a key that is missing.
    pub fn from_conf(conf: &LogConf) -> Result<Self, SetUpError> {
        Ok(Self::with_sink(sink::open(conf)?, conf.encoding))
    }

    /// Lines of an encoding to a sink of logx's.
    #[must_use]
    pub fn with_sink(sink: Arc<dyn Sink>, encoding: Encoding) -> Self {
        let dispatch = Dispatch::new(Lines { sink: Arc::clone(&sink), encoding });
        Self::of(End::Lines { dispatch, sink })
    }

    /// JSON lines of all kinds to `out`, one `write` a line.
    pub fn json(out: impl io::Write + Send + 'static) -> Self {
        Self::with_sink(sink::stream(out), Encoding::Json)
    }

    /// Events for the program's own subscriber, the one that is in force where the line is logged: every field under
    /// its own key with its type, the content as the message, the logx level word under `level`, and of severe lines
    /// and stacks what follows the first line under `stack`. The subscriber's filters hold.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a writer without a subscriber is nobody's default")]
    pub fn new() -> Self {
        Self::of(End::Current)
    }

    /// As [`new`](Self::new), for this subscriber alone.
    #[must_use]
    pub fn with_subscriber(subscriber: impl Into<Dispatch>) -> Self {
        Self::of(End::Given(subscriber.into()))
    }

    fn of(end: End) -> Self {
        Self { end, closed: AtomicBool::new(false) }
    }
}

impl fmt::Debug for TracingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TracingWriter")
    }
}

impl Writer for TracingWriter {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(WriteError::Closed);
        }
        let foreign = !matches!(self.end, End::Lines { .. });
        // Cheaper than rendering a line that nobody wants. It is the thread's subscriber that tracing asks for this level
        // when there is only one in the process: one of our own may want more.
        if matches!(self.end, End::Current) && callsite::level_of(record.kind()) > LevelFilter::current() {
            return Ok(());
        }
        Rendered::with(record, |line| {
            let place = Place::of(record);
            if foreign {
                Values::foreign(record, line).with_event(record, &place, |site, event| match &self.end {
                    End::Given(dispatch) => offer(dispatch, site, event),
                    _ => dispatcher::get_default(|dispatch| offer(dispatch, site, event)),
                });
            } else if let End::Lines { dispatch, .. } = &self.end {
                Values::all(line).with_event(record, &place, |_, event| dispatch.event(event));
                return lines::take_outcome();
            }
            Ok(())
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        match &self.end {
            End::Lines { sink, .. } => Ok(sink.flush()?),
            End::Given(_) | End::Current => Ok(()),
        }
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        match &self.end {
            End::Lines { sink, .. } => Ok(sink.close(deadline)?),
            End::Given(_) | End::Current => Ok(()),
        }
    }
}

/// Asks first, as tracing's macros do: filters of single layers keep their verdict until the event comes. A call-site's
/// `never` is not believed: where there is one subscriber, tracing asks that of the thread instead, which may be none.
fn offer(dispatch: &Dispatch, site: &'static Site, event: &Event<'_>) {
    if site.is_always() || dispatch.enabled(site.metadata()) {
        dispatch.event(event);
    }
}

/// The keys and values of one event.
struct Values<'a> {
    keys: Vec<&'static str>,
    slots: Vec<Slot<'a>>,
    /// Keys that cannot be interned, and their values: `,"key":value`.
    extra: Vec<u8>,
}

impl<'a> Values<'a> {
    fn with_room(n: usize) -> Self {
        Self { keys: Vec::with_capacity(n), slots: Vec::with_capacity(n), extra: Vec::new() }
    }

    /// Every key of the line, as the native writer prints it.
    fn all(line: &'a Rendered) -> Self {
        let items = line.items();
        let mut values = Self::with_room(items.len() + 1);
        items.for_each(|item| values.push(item));
        values
    }

    /// For foreign subscribers: the message first; no timestamp, which they have of their own.
    fn foreign(record: &Record<'_>, line: &'a Rendered) -> Self {
        let items = line.items();
        let mut values = Self::with_room(items.len() + 2);
        let content = line.content();
        let with_stack = matches!(record.kind(), Kind::Severe | Kind::Stack);
        match content {
            Flat::Str(text) => match text.split_once('\n').filter(|_| with_stack) {
                Some((first, stack)) => {
                    values.put(MESSAGE_KEY, Slot::Str(first));
                    values.put(STACK_KEY, Slot::Str(stack));
                }
                None => values.put(MESSAGE_KEY, Slot::Str(text)),
            },
            other => values.put(MESSAGE_KEY, Slot::from(other)),
        }
        for (i, item) in items.enumerate().skip(1) {
            match item.key {
                _ if i == line.content_index() => {}
                MESSAGE_KEY => values.put(RENAMED_MESSAGE, Slot::from(item.value)),
                STACK_KEY if with_stack => values.put(RENAMED_STACK, Slot::from(item.value)),
                _ => values.push(item),
            }
        }
        values
    }

    #[inline]
    fn put(&mut self, key: &'static str, slot: Slot<'a>) {
        self.keys.push(key);
        self.slots.push(slot);
    }

    #[inline]
    fn push(&mut self, item: Item<'a>) {
        match item.interned {
            Some(key) => self.put(key, Slot::from(item.value)),
            None => push_extra(&mut self.extra, item.key, Value::from(item.value)),
        }
    }

    /// Makes the event and runs `use_it` with it.
    fn with_event(mut self, record: &Record<'_>, place: &Place<'_>, use_it: impl FnOnce(&'static Site, &Event<'_>)) {
        if self.extra.is_empty()
            && let Some(site) = callsite::find(place, &self.keys)
        {
            return send(site, &self.slots, use_it);
        }
        self.move_fields(record);
        let mut object = std::mem::take(&mut self.extra);
        if let Some(comma) = object.first_mut() {
            *comma = b'{';
            object.push(b'}');
        }
        let object = String::from_utf8(object).unwrap_or_default();
        let mut slots: Vec<Slot<'_>> = self.slots;
        if !object.is_empty() {
            self.keys.push(FIELDS_KEY);
            slots.push(Slot::splice(&object));
        }
        send(callsite::find_shared(place, &self.keys), &slots, use_it);
    }

    /// Leaves logx's own keys and moves the others into one object.
    fn move_fields(&mut self, record: &Record<'_>) {
        let own = record.keys().all();
        let is_own = |key: &str| key == MESSAGE_KEY || key == STACK_KEY || own.contains(&key);
        let slots = std::mem::take(&mut self.slots);
        let keys = std::mem::take(&mut self.keys);
        for (key, slot) in keys.into_iter().zip(slots) {
            if is_own(key) {
                self.put(key, slot);
            } else {
                slot.with_value(|value| push_extra(&mut self.extra, key, value));
            }
        }
    }
}

fn push_extra(out: &mut Vec<u8>, key: &str, value: Value<'_>) {
    bridge::push_key(out, key);
    bridge::push_value(out, value);
}

fn send(site: &'static Site, slots: &[Slot<'_>], use_it: impl FnOnce(&'static Site, &Event<'_>)) {
    let metadata = site.metadata();
    let values: Vec<Option<&dyn tracing_core::field::Value>> = slots.iter().map(|slot| Some(slot.as_value())).collect();
    let values = metadata.fields().value_set_all(&values);
    use_it(site, &Event::new(metadata, &values));
}
