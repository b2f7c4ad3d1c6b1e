//! What the macros call. Not part of the public API: it may change at any time.

use std::fmt;

use crate::dispatch::{Call, dispatch};
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

#[inline]
fn content(args: fmt::Arguments<'_>) -> Value<'_> {
    match args.as_str() {
        Some(text) => Value::Str(text),
        None => Value::Fmt(args),
    }
}

/// A line of a site that is enabled.
#[inline]
pub fn log(site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    log_content(site, content(args), values);
}

#[inline(never)]
fn log_content(site: &'static Site, content: Value<'_>, values: &[Value<'_>]) {
    crate::stack::with_stack(site.kind, content, |content| {
        dispatch(&Call {
            kind: site.kind,
            content,
            site: Some(site),
            values,
            fields: &[],
            log: None,
            caller: site.caller(),
            target: site.target,
            time: None,
            context: None,
        });
    });
}

/// A line of a site for a logger that lets it through.
#[inline(never)]
pub fn log_to<L: Logger + ?Sized>(logger: &L, site: &'static Site, args: fmt::Arguments<'_>, values: &[Value<'_>]) {
    crate::stack::with_stack(site.kind, content(args), |content| {
        logger.log(&Line {
            kind: site.kind,
            content,
            site: Some(site),
            values,
            fields: &[],
            caller: site.caller(),
            target: site.target,
        });
    });
}
