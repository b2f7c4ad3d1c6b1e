//! What the macros call. Not part of the public API: it may change at any time.

use std::fmt;

use crate::dispatch::{Call, dispatch, dispatch_inline};
use crate::level::Kind;
pub use crate::logger::Line;
use crate::logger::Logger;
use crate::site::Site;
use crate::value::{ToValue, Value};

/// The crate's directory in a source path: the target of calls that have no site of their own.
pub(crate) fn target_of(file: &str) -> &str {
    let mut parts = file.rsplit(['/', '\\']);
    parts.by_ref().find(|part| matches!(*part, "src" | "tests" | "examples" | "benches"));
    parts.next().unwrap_or_default()
}

#[inline(always)]
#[must_use]
pub fn passes_gate(kind: Kind) -> bool {
    crate::global::passes_gate(kind)
}

#[inline]
#[must_use]
pub fn value<T: ToValue + ?Sized>(value: &T) -> Value<'_> {
    value.to_value()
}

/// A line of a site that is enabled.
///
/// The kind is a constant of the call, where the site's own is a load.
#[inline(always)]
pub fn log(kind: Kind, site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    if matches!(kind, Kind::Debug) {
        return log_debug(site, args, values);
    }
    log_at(site, args, values);
}

/// Debug lines are off where it counts: a cold call keeps their code out of the way of what runs.
#[cold]
#[inline(never)]
fn log_debug(site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    log_at(site, args, values);
}

#[inline(always)]
fn log_at(site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    match args.as_str() {
        Some(text) => log_literal(site, text, values),
        None => log_formatted(site, args, values),
    }
}

#[inline(never)]
fn log_literal(site: &'static Site, text: &'static str, values: &[Value<'_>]) {
    if site.kind.has_stack() {
        return log_with_stack(site, Value::Str(text), values);
    }
    dispatch_inline(&call(site, Value::Str(text), Some(text), values));
}

#[inline(never)]
fn log_formatted(site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    if site.kind.has_stack() {
        return log_with_stack(site, Value::Fmt(args), values);
    }
    dispatch_inline(&call(site, Value::Fmt(args), None, values));
}

#[cold]
fn log_with_stack(site: &'static Site, content: Value<'_>, values: &[Value<'_>]) {
    crate::stack::with_stack(site.kind, content, |content| dispatch(&call(site, content, None, values)));
}

#[inline(always)]
fn call<'a>(
    site: &'static Site,
    content: Value<'a>,
    literal: Option<&'static str>,
    values: &'a [Value<'a>],
) -> Call<'a> {
    Call {
        kind: site.kind,
        content,
        literal,
        site: Some(site),
        values,
        fields: &[],
        log: None,
        caller: None,
        target: None,
        time: None,
        context: None,
    }
}

/// A line of a site for a logger that lets it through.
#[inline(never)]
pub fn log_to<L: Logger + ?Sized>(logger: &L, site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    let literal = args.as_str().filter(|_| !site.kind.has_stack());
    let content = args.as_str().map_or(Value::Fmt(args), Value::Str);
    crate::stack::with_stack(site.kind, content, |content| {
        logger.log(&Line {
            kind: site.kind,
            content,
            literal,
            site: Some(site),
            values,
            fields: &[],
            caller: site.caller(),
            target: site.target,
        });
    });
}
