//! The built-in keys of a log line, found among the scanner's entries.

use std::borrow::Cow;

use super::scan::{Entry, Kind, unescape_into};

/// The names of the built-in keys; renamed with `--key` where the service renames them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyNames {
    /// `@timestamp`
    pub timestamp: String,
    /// `level`
    pub level: String,
    /// `caller`
    pub caller: String,
    /// `content`
    pub content: String,
    /// `duration`
    pub duration: String,
    /// `trace`
    pub trace: String,
    /// `span`
    pub span: String,
}

impl Default for KeyNames {
    fn default() -> Self {
        Self {
            timestamp: "@timestamp".to_owned(),
            level: "level".to_owned(),
            caller: "caller".to_owned(),
            content: "content".to_owned(),
            duration: "duration".to_owned(),
            trace: "trace".to_owned(),
            span: "span".to_owned(),
        }
    }
}

impl KeyNames {
    /// Renames the key that is called `which` by default (`timestamp` for `@timestamp`); false if there is none.
    pub(crate) fn rename(&mut self, which: &str, name: &str) -> bool {
        let slot = match which.trim_start_matches('@') {
            "timestamp" => &mut self.timestamp,
            "level" => &mut self.level,
            "caller" => &mut self.caller,
            "content" => &mut self.content,
            "duration" => &mut self.duration,
            "trace" => &mut self.trace,
            "span" => &mut self.span,
            _ => return false,
        };
        name.clone_into(slot);
        true
    }
}

/// Where the built-in keys are in one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Located<'a> {
    /// The time.
    pub timestamp: Option<&'a Entry>,
    /// The level word.
    pub level: Option<&'a Entry>,
    /// The call-site.
    pub caller: Option<&'a Entry>,
    /// The message.
    pub content: Option<&'a Entry>,
    /// How long it took.
    pub duration: Option<&'a Entry>,
    /// The trace id.
    pub trace: Option<&'a Entry>,
    /// The span id.
    pub span: Option<&'a Entry>,
}

impl<'a> Located<'a> {
    /// Finds the built-in keys; of a key that occurs twice the last one.
    pub(crate) fn find(names: &KeyNames, line: &[u8], entries: &'a [Entry]) -> Self {
        let mut found = Self::default();
        for entry in entries {
            let key = key_of(line, entry);
            let slot = match &*key {
                k if k == names.timestamp.as_bytes() => &mut found.timestamp,
                k if k == names.level.as_bytes() => &mut found.level,
                k if k == names.caller.as_bytes() => &mut found.caller,
                k if k == names.content.as_bytes() => &mut found.content,
                k if k == names.duration.as_bytes() => &mut found.duration,
                k if k == names.trace.as_bytes() => &mut found.trace,
                k if k == names.span.as_bytes() => &mut found.span,
                _ => continue,
            };
            *slot = Some(entry);
        }
        found
    }

    /// Whether the entry is one of the built-in keys.
    pub(crate) fn contains(&self, entry: &Entry) -> bool {
        [self.timestamp, self.level, self.caller, self.content, self.duration, self.trace, self.span]
            .into_iter()
            .flatten()
            .any(|built_in| built_in.key == entry.key)
    }
}

/// The text of an entry's key.
pub(crate) fn key_of<'l>(line: &'l [u8], entry: &Entry) -> Cow<'l, [u8]> {
    let raw = entry.key.of(line);
    if entry.key_escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) }
}

/// The text of an entry's value if it is a string.
pub(crate) fn string_of<'l>(line: &'l [u8], entry: &Entry) -> Option<Cow<'l, [u8]>> {
    if entry.kind != Kind::String {
        return None;
    }
    let raw = &line[entry.value.start + 1..entry.value.end - 1];
    let escaped = memchr::memchr(b'\\', raw).is_some();
    Some(if escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) })
}

/// [`string_of`] as text; the scanner has made sure of UTF-8.
pub(crate) fn text_of<'l>(line: &'l [u8], entry: Option<&Entry>) -> Option<Cow<'l, str>> {
    Some(match string_of(line, entry?)? {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    })
}

/// The value of an entry as text for people: a string's text, anything else as JSON.
pub(crate) fn shown_of<'l>(line: &'l [u8], entry: &Entry) -> Cow<'l, str> {
    text_of(line, Some(entry)).unwrap_or_else(|| String::from_utf8_lossy(entry.value.of(line)))
}

fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    unescape_into(raw, &mut out);
    out
}
