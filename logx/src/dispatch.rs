//! The path of one line: gate, record, writer; and what happens when a writer fails.
//!
//! 1. The call passed the gate; nothing was evaluated before.
//! 2. The thread's copy of the snapshot is renewed if there is a newer one.
//! 3. The record is put together by reference and delivered to the snapshot's writer.
//! 4. A writer that fails is counted and the line shown on stderr; one that was closed meanwhile hands the line
//!    to the present one.

use std::sync::Arc;
use std::time::SystemTime;

use crate::caller::Caller;
use crate::context::{Context, TraceIds, source_ids};
use crate::encode::guard;
use crate::error::WriteError;
use crate::field::Field;
use crate::global::{self, Slot, State};
use crate::health;
use crate::level::Kind;
use crate::local::{self, Thread};
use crate::logger::LogInner;
use crate::record::Record;
use crate::sink::stderr;
use crate::site::Site;
use crate::value::Value;
use crate::writer::Writer;

/// A call that passed the gate.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) kind: Kind,
    pub(crate) content: Value<'a>,
    /// The content where it is a literal of the site.
    pub(crate) literal: Option<&'static str>,
    pub(crate) site: Option<&'static Site>,
    pub(crate) values: &'a [Value<'a>],
    pub(crate) fields: &'a [Field<'a>],
    pub(crate) log: Option<&'a LogInner>,
    /// Where it was logged, where that is not the site's place.
    pub(crate) caller: Option<Caller<'a>>,
    /// The target, where it is not the site's.
    pub(crate) target: Option<&'a str>,
    /// When it happened, where that is not now.
    pub(crate) time: Option<SystemTime>,
    /// A context that wins over the frame, for lines that come from a bridge.
    pub(crate) context: Option<&'a Context>,
}

/// Lines logged while another one is rendered: this many levels are written, deeper ones are counted.
const MAX_NESTED: u32 = 1;

/// Takes a call to the writer. Never panics, never recurses.
#[inline(never)]
pub(crate) fn dispatch(call: &Call<'_>) {
    dispatch_inline(call);
}

/// The same, for the two ways of a macro: what the call does not have is known there and needs no look.
#[inline(always)]
pub(crate) fn dispatch_inline(call: &Call<'_>) {
    if call.kind == Kind::Stat && global::stat_is_off() {
        return;
    }
    match local::with(|thread| deliver_on(thread, call)) {
        Some(()) => {}
        // The thread is ending and its own state is gone: the same by longer ways.
        None => deliver_by_longer_ways(call),
    }
}

#[cold]
fn deliver_by_longer_ways(call: &Call<'_>) {
    deliver_in(&global::load(), call, None);
}

#[inline(always)]
fn deliver_on(thread: &Thread, call: &Call<'_>) {
    let Some(_level) = thread.enter(MAX_NESTED) else {
        health::count_reentrant();
        return;
    };
    thread.with_state(|state| deliver_in(state, call, Some(thread)));
}

/// Takes a call to a writer other than the process's. Never panics, never recurses.
pub(crate) fn dispatch_to(call: &Call<'_>, writer: &dyn Writer) {
    let deliver = |state: &State, thread: Option<&Thread>| {
        with_record(state, call, thread, |record| match write(&record, writer) {
            Ok(()) => count_line(&record),
            Err(error) => report(&record, &error),
        });
    };
    let done = local::with(|thread| match thread.enter(MAX_NESTED) {
        Some(_level) => thread.with_state(|state| deliver(state, Some(thread))),
        None => health::count_reentrant(),
    });
    if done.is_none() {
        deliver(&global::load(), None);
    }
}

/// Renders a part of a line before the line is on its way: lines that it logs are one deeper.
pub(crate) fn inside_a_line<R>(render: impl FnOnce() -> R) -> Option<R> {
    let mut render = Some(render);
    let rendered = local::with(|thread| {
        let level = thread.enter(MAX_NESTED);
        if level.is_none() {
            health::count_reentrant();
        }
        level.and_then(|_level| render.take().map(|render| render()))
    });
    // A thread that is ending has no depth to keep.
    rendered.unwrap_or_else(|| render.take().map(|render| render()))
}

/// Puts the record together and runs `use_it` with it.
#[inline(always)]
fn with_record(state: &State, call: &Call<'_>, thread: Option<&Thread>, use_it: impl FnOnce(Record<'_>)) {
    let frame = match (call.context, call.log.and_then(|log| log.context.as_ref())) {
        (Some(_), _) | (_, Some(_)) => None,
        _ => thread.and_then(Thread::context),
    };
    let context = call.context.or_else(|| call.log.and_then(|log| log.context.as_ref())).or(frame.as_ref());
    let ids: Option<TraceIds> = if context.is_none() { source_ids() } else { None };
    use_it(Record {
        call,
        time: call.time.unwrap_or_else(SystemTime::now),
        globals: &state.globals,
        context,
        ids: ids.as_ref(),
        format: &state.format,
        thread,
    });
}

#[inline(always)]
fn deliver_in(state: &State, call: &Call<'_>, thread: Option<&Thread>) {
    with_record(state, call, thread, |record| {
        let written = match &state.writer {
            Slot::Set(writer) => write(&record, &**writer),
            Slot::Unset | Slot::Closed => Err(WriteError::Closed),
        };
        match written {
            Ok(()) => count_line(&record),
            Err(error) => recover(&record, &error),
        }
    });
}

/// The snapshot's writer did not take the line.
#[cold]
fn recover(record: &Record<'_>, error: &WriteError) {
    if !matches!(error, WriteError::Closed) {
        return report(record, error);
    }
    let present = present_state();
    let Record { call, time, context, ids, thread, .. } = *record;
    let (globals, format) = (&present.globals, &*present.format);
    redeliver(&Record { call, time, globals, context, ids, format, thread }, &present);
}

#[inline(always)]
fn write(record: &Record<'_>, writer: &dyn Writer) -> Result<(), WriteError> {
    match guard::writer(|| record.deliver(writer)) {
        Ok(result) => result,
        Err(panic) => Err(WriteError::other(format!("the writer panicked: {panic}"))),
    }
}

#[inline(always)]
fn count_line(record: &Record<'_>) {
    match record.thread {
        Some(thread) => thread.counters().count_line(record.call.kind),
        None => health::count_line_without_thread(record.call.kind),
    }
}

/// The newest snapshot; with a console writer in it when there has never been a writer.
#[cold]
fn present_state() -> Arc<State> {
    let state = global::load();
    if matches!(state.writer, Slot::Unset) {
        global::install_default_writer();
        return global::load();
    }
    state
}

/// The writer was closed under the line's feet, or there is none: the present one takes the line, once.
#[cold]
fn redeliver(record: &Record<'_>, state: &State) {
    let result = match &state.writer {
        Slot::Set(writer) => write(record, &**writer),
        Slot::Unset | Slot::Closed => Err(WriteError::Closed),
    };
    match result {
        Ok(()) => count_line(record),
        Err(WriteError::Closed) => {
            health::count_after_close();
            stderr::line(record);
        }
        Err(error) => report(record, &error),
    }
}

/// Counts the failure and shows the line on stderr, so that it is not lost; at a bounded rate.
#[cold]
fn report(record: &Record<'_>, error: &WriteError) {
    health::count_write_error();
    stderr::failed_line(record, error);
}
