//! The checks that every line gets: keys, types, level word, timestamp.

use super::finding::{Place, rule};
use super::plan::{Plan, RequiredKey};
use crate::cli::located::{Located, key_of, string_of};
use crate::cli::scan::{Entry, Kind};
use crate::cli::time::parse_rfc3339;

/// Calls `found` with the rule and the message of whatever the line lacks.
pub(crate) fn check(
    plan: &Plan,
    place: &Place<'_>,
    entries: &[Entry],
    located: &Located<'_>,
    found: &mut dyn FnMut(&'static str, String),
) {
    let keys = &plan.keys;
    for (name, entry) in [(&keys.timestamp, located.timestamp), (&keys.level, located.level)] {
        match entry {
            None => found(rule::MISSING_KEY, format!("no key {name}")),
            Some(entry) => must_be(name, entry, Kind::String, found),
        }
    }
    if located.content.is_none() {
        found(rule::MISSING_KEY, format!("no key {}", keys.content));
    }
    for (name, entry) in [(&keys.caller, located.caller), (&keys.trace, located.trace), (&keys.span, located.span)] {
        if let Some(entry) = entry {
            must_be(name, entry, Kind::String, found);
        }
    }
    for key in &plan.required {
        required(key, place.bytes, entries, found);
    }
    level(plan, place, located, found);
    timestamp(plan, place, located, found);
}

fn must_be(name: &str, entry: &Entry, kind: Kind, found: &mut dyn FnMut(&'static str, String)) {
    if entry.kind != kind {
        found(rule::WRONG_TYPE, format!("{name} is {}, not {}", entry.kind.as_str(), kind.as_str()));
    }
}

fn required(key: &RequiredKey, line: &[u8], entries: &[Entry], found: &mut dyn FnMut(&'static str, String)) {
    let entry = entries.iter().find(|entry| *key_of(line, entry) == *key.name.as_bytes());
    match (entry, key.kind) {
        (None, _) => found(rule::MISSING_KEY, format!("no key {}", key.name)),
        (Some(entry), Some(kind)) => must_be(&key.name, entry, kind, found),
        _ => {}
    }
}

fn level(plan: &Plan, place: &Place<'_>, located: &Located<'_>, found: &mut dyn FnMut(&'static str, String)) {
    let Some(word) = located.level.and_then(|entry| string_of(place.bytes, entry)) else {
        return;
    };
    if !plan.levels.iter().any(|known| known.as_bytes() == &*word) {
        found(rule::LEVEL, format!("unknown level {:?}", place.shown(&word)));
    }
}

fn timestamp(plan: &Plan, place: &Place<'_>, located: &Located<'_>, found: &mut dyn FnMut(&'static str, String)) {
    if plan.any_timestamp {
        return;
    }
    let Some(text) = located.timestamp.and_then(|entry| string_of(place.bytes, entry)) else {
        return;
    };
    if parse_rfc3339(&text).is_none() {
        found(rule::TIMESTAMP, format!("no RFC 3339 time: {:?}", place.shown(&text)));
    }
}
