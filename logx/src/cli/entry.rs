//! A line as `view`, `trace` and `top` read it.

use std::borrow::Cow;

use super::located::{KeyNames, Located, text_of};
use super::scan::{Scanner, Utf8};
use super::time::{parse_duration, parse_rfc3339};

/// Severity of a level word: debug 0, info and stat 1, warn and slow 2, error 3, fatal and alert 4.
pub(crate) fn severity(word: &str) -> Option<u8> {
    Some(match word {
        "debug" => 0,
        "info" | "stat" => 1,
        "warn" | "slow" => 2,
        "error" => 3,
        "fatal" | "severe" | "alert" => 4,
        _ => return None,
    })
}

/// The built-in values of one line.
#[derive(Debug)]
pub(crate) struct LogLine<'a> {
    /// The line itself.
    pub bytes: &'a [u8],
    /// Where its keys are.
    pub located: Located<'a>,
    /// All entries of the outermost object.
    pub entries: &'a [super::scan::Entry],
}

impl<'a> LogLine<'a> {
    /// Scans a line; `None` if it is no JSON object.
    pub(crate) fn read(scanner: &'a mut Scanner, keys: &KeyNames, bytes: &'a [u8], utf8: Utf8) -> Option<Self> {
        scanner.scan(bytes, utf8).ok()?;
        let entries = scanner.entries();
        Some(Self { bytes, located: Located::find(keys, bytes, entries), entries })
    }

    /// The level word.
    pub(crate) fn level(&self) -> Option<Cow<'a, str>> {
        text_of(self.bytes, self.located.level)
    }

    /// The call-site.
    pub(crate) fn caller(&self) -> Option<Cow<'a, str>> {
        text_of(self.bytes, self.located.caller)
    }

    /// The trace id.
    pub(crate) fn trace(&self) -> Option<Cow<'a, str>> {
        text_of(self.bytes, self.located.trace)
    }

    /// The span id.
    pub(crate) fn span(&self) -> Option<Cow<'a, str>> {
        text_of(self.bytes, self.located.span)
    }

    /// The time as written.
    pub(crate) fn timestamp(&self) -> Option<Cow<'a, str>> {
        text_of(self.bytes, self.located.timestamp)
    }

    /// The time in nanoseconds since 1970.
    pub(crate) fn time(&self) -> Option<i64> {
        parse_rfc3339(self.timestamp()?.as_bytes())
    }

    /// The duration in nanoseconds.
    pub(crate) fn duration(&self) -> Option<i64> {
        parse_duration(&text_of(self.bytes, self.located.duration)?)
    }

    /// The text of a key that is not built in.
    pub(crate) fn field(&self, name: &str) -> Option<Cow<'a, str>> {
        let entry = self.entries.iter().find(|e| *super::located::key_of(self.bytes, e) == *name.as_bytes());
        text_of(self.bytes, entry)
    }
}
