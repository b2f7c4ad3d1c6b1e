//! What `top` counts, in bounded memory.

use std::collections::HashMap;

use super::histogram::Histogram;
use super::template::template;
use crate::cli::entry::LogLine;
use crate::cli::located::shown_of;

/// More different names than this in one table are counted together as [`OTHERS`].
const MAX_NAMES: usize = 50_000;
/// A name is told apart by this many bytes: what is longer is data.
const MAX_NAME: usize = 512;
/// The row of everything that came after the table was full.
pub(crate) const OTHERS: &str = "(others)";
/// The row of lines that lack the key.
pub(crate) const NONE: &str = "(none)";

/// Lines and bytes under one name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    /// Lines.
    pub lines: u64,
    /// Bytes, newlines counted.
    pub bytes: u64,
    /// Durations of those lines that have one.
    pub durations: Histogram,
}

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: HashMap<String, Count>,
}

impl Table {
    fn add(&mut self, name: &str, bytes: u64, duration: Option<i64>) {
        let name = head(name);
        let full = self.rows.len() >= MAX_NAMES;
        let name = if full && !self.rows.contains_key(name) { OTHERS } else { name };
        if !self.rows.contains_key(name) {
            self.rows.insert(name.to_owned(), Count::default());
        }
        if let Some(count) = self.rows.get_mut(name) {
            count.lines += 1;
            count.bytes += bytes;
            if let Some(duration) = duration {
                count.durations.add(duration);
            }
        }
    }

    /// The largest rows first; rows of one size by name.
    pub(crate) fn largest(&self, by_bytes: bool) -> Vec<(&str, &Count)> {
        let mut rows: Vec<_> = self.rows.iter().map(|(name, count)| (name.as_str(), count)).collect();
        let size = |count: &Count| if by_bytes { count.bytes } else { count.lines };
        rows.sort_by(|a, b| size(b.1).cmp(&size(a.1)).then(a.0.cmp(b.0)));
        rows
    }
}

/// A slow line.
#[derive(Clone, Debug)]
pub(crate) struct Slow {
    /// Nanoseconds.
    pub duration: i64,
    /// `file:line`.
    pub place: String,
    /// The call-site.
    pub caller: String,
    /// The message's first line.
    pub content: String,
}

/// Everything that `top` counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// All lines that passed the filters.
    pub all: Count,
    /// Lines that are no JSON object.
    pub other: u64,
    /// By level word.
    pub levels: Table,
    /// By call-site.
    pub call_sites: Table,
    /// By message template.
    pub templates: Table,
    /// The slowest lines, slowest first.
    pub slowest: Vec<Slow>,
}

impl Tally {
    /// Counts one line; keeps it if it is among the `keep` slowest.
    pub(crate) fn add(&mut self, line: &LogLine<'_>, file: &str, number: u64, keep: usize) {
        let bytes = line.bytes.len() as u64 + 1;
        let duration = line.duration();
        let caller = line.caller();
        let content = line.located.content.map(|entry| shown_of(line.bytes, entry)).unwrap_or_default();
        self.all.lines += 1;
        self.all.bytes += bytes;
        self.levels.add(line.level().as_deref().unwrap_or(NONE), bytes, duration);
        self.call_sites.add(caller.as_deref().unwrap_or(NONE), bytes, duration);
        self.templates.add(&template(&content), bytes, duration);
        let Some(duration) = duration else { return };
        self.all.durations.add(duration);
        let slow_enough = self.slowest.len() < keep || self.slowest.last().is_some_and(|s| s.duration < duration);
        if !slow_enough || keep == 0 {
            return;
        }
        let at = self.slowest.partition_point(|s| s.duration >= duration);
        let slow = Slow {
            duration,
            place: format!("{file}:{number}"),
            caller: head(caller.as_deref().unwrap_or(NONE)).to_owned(),
            content: head(content.split('\n').next().unwrap_or_default()).to_owned(),
        };
        self.slowest.insert(at, slow);
        self.slowest.truncate(keep);
    }
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_NAME)]
}
