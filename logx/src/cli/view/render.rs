//! One line for people.

use std::borrow::Cow;
use std::fmt::Write;

use crate::cli::entry::LogLine;
use crate::cli::excerpt::{push_visible, visible};
use crate::cli::located::{key_of, shown_of};
use crate::cli::style::{Role, Style};

/// The column of the caller grows up to this width; a longer one pushes the message.
const CALLER_WIDTH: usize = 32;
/// The width of the longest level word.
const LEVEL_WIDTH: usize = 5;

/// Renders lines with their columns aligned.
#[derive(Debug)]
pub(crate) struct Renderer {
    style: Style,
    caller_width: usize,
    date: String,
}

impl Renderer {
    /// A renderer whose columns are still narrow.
    pub(crate) fn new(style: Style) -> Self {
        Self { style, caller_width: 0, date: String::new() }
    }

    /// Appends the rendered line, with a heading before it when the date changes.
    pub(crate) fn line(&mut self, line: &LogLine<'_>, out: &mut String) {
        let timestamp = line.timestamp().unwrap_or_default();
        let (date, time) = split_time(&timestamp);
        if !date.is_empty() && date != self.date {
            date.clone_into(&mut self.date);
            let _ = writeln!(out, "{}", self.style.paint(Role::Bold, &visible(date)));
        }
        self.columns(line, &visible(time), out);
        self.message(line, out);
        self.fields(line, out);
        out.push('\n');
        self.stack(line, out);
    }

    /// Appends a line that is no JSON object, as it is but safe for a terminal.
    pub(crate) fn other(&self, bytes: &[u8], out: &mut String) {
        let text = visible_text(&String::from_utf8_lossy(bytes));
        let _ = writeln!(out, "{}", self.style.paint(Role::Dim, &text));
    }

    fn columns(&mut self, line: &LogLine<'_>, time: &str, out: &mut String) {
        let level = line.level().unwrap_or(Cow::Borrowed("-"));
        let role = Role::of_level(&level);
        let level = format!("{:LEVEL_WIDTH$}", visible(&level));
        let caller = visible(&line.caller().unwrap_or(Cow::Borrowed("-")));
        self.caller_width = self.caller_width.max(caller.chars().count()).min(CALLER_WIDTH);
        let caller = format!("{caller:0$}", self.caller_width);
        let _ = write!(
            out,
            "{} {} {} ",
            self.style.paint(Role::Dim, time),
            self.style.paint(role, &level),
            self.style.paint(Role::Dim, &caller)
        );
    }

    /// The message's first line; the others follow below, see [`Renderer::stack`].
    fn message(&self, line: &LogLine<'_>, out: &mut String) {
        let Some(content) = line.located.content else {
            return;
        };
        let text = shown_of(line.bytes, content);
        let first = text.split('\n').next().unwrap_or_default();
        let severe = line.level().is_some_and(|level| Role::of_level(&level) == Role::Error);
        let shown = visible_text(first);
        let _ = if severe { write!(out, "{}", self.style.paint(Role::Bold, &shown)) } else { write!(out, "{shown}") };
    }

    fn fields(&self, line: &LogLine<'_>, out: &mut String) {
        for entry in line.entries.iter().filter(|entry| !line.located.contains(entry)) {
            let key = String::from_utf8_lossy(&key_of(line.bytes, entry)).into_owned();
            self.field(&key, &quoted(&shown_of(line.bytes, entry)), out);
        }
        let located = &line.located;
        for (key, entry) in [("duration", located.duration), ("trace", located.trace), ("span", located.span)] {
            if let Some(entry) = entry {
                self.field(key, &quoted(&shown_of(line.bytes, entry)), out);
            }
        }
    }

    fn field(&self, key: &str, value: &str, out: &mut String) {
        let key = format!("{}=", visible(key));
        let _ = write!(out, " {}{}", self.style.paint(Role::Key, &key), visible_text(value));
    }

    /// The rest of a message of several lines, such as a stack.
    fn stack(&self, line: &LogLine<'_>, out: &mut String) {
        let Some(content) = line.located.content else {
            return;
        };
        let text = shown_of(line.bytes, content);
        for part in text.split('\n').skip(1) {
            let part = format!("    {}", visible_text(part));
            let _ = writeln!(out, "{}", self.style.paint(Role::Dim, part.trim_end()));
        }
    }
}

/// Date and time of day of a timestamp; a text in another form is all time.
fn split_time(timestamp: &str) -> (&str, &str) {
    match timestamp.split_once(['T', ' ']) {
        Some((date, time)) if date.len() == 10 => {
            let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
            (date, &time[..zone])
        }
        _ => ("", timestamp),
    }
}

/// A text with spaces or quotes in it gets quotes, so that the next field is not read as part of it.
fn quoted(text: &str) -> Cow<'_, str> {
    let json = text.starts_with(['{', '[']);
    if json || !(text.is_empty() || text.contains([' ', '"', '=', '\n', '\t'])) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// [`visible`] with tabs left as they are: stacks are indented by them.
fn visible_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim_end_matches('\r').chars() {
        if c == '\t' {
            out.push_str("    ");
        } else {
            push_visible(&mut out, c);
        }
    }
    out
}
