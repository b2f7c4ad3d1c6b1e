//! Finds the lines of a trace.

use std::io::{self, Read};

use memchr::memmem::Finder;

use crate::cli::entry::LogLine;
use crate::cli::input::{Line, Lines};
use crate::cli::located::{KeyNames, shown_of};
use crate::cli::progress::Progress;
use crate::cli::scan::{Scanner, Utf8};

/// More memory than this for lines is not taken; a trace this long is cut.
const MAX_BYTES: usize = 48 << 20;

/// One line of a trace.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// Where its input stands among the inputs.
    pub file: usize,
    /// The full trace id.
    pub trace: String,
    /// The span id; empty when there is none.
    pub span: String,
    /// The id of the parent span, where a line names it.
    pub parent: String,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Time of day as written.
    pub clock: String,
    /// Nanoseconds.
    pub duration: Option<i64>,
    /// The level word.
    pub level: String,
    /// The call-site.
    pub caller: String,
    /// The first line of the message.
    pub content: String,
}

/// Collects the lines whose trace id begins with an id.
pub(crate) struct Collector<'k> {
    keys: &'k KeyNames,
    id: String,
    finder: Finder<'static>,
    scanner: Scanner,
    bytes: usize,
    /// What was found, in the order of the inputs.
    pub hits: Vec<Hit>,
    /// There was more than fits.
    pub cut: bool,
}

/// Keys under which lines may name a span's parent.
const PARENT_KEYS: [&str; 3] = ["parent", "parent_span", "parent_id"];

impl<'k> Collector<'k> {
    /// Looks for this id.
    pub(crate) fn new(keys: &'k KeyNames, id: &str) -> Self {
        Self {
            keys,
            id: id.to_owned(),
            finder: Finder::new(id).into_owned(),
            scanner: Scanner::new(),
            bytes: 0,
            hits: Vec::new(),
            cut: false,
        }
    }

    /// Reads one input.
    ///
    /// # Errors
    /// What reading gives; the lines found before it are kept.
    pub(crate) fn read<R: Read>(
        &mut self,
        file: usize,
        lines: &mut Lines<R>,
        progress: &mut Progress,
    ) -> io::Result<()> {
        while let Some(line) = lines.next_line()? {
            progress.line(line.length());
            if let Line::Whole { bytes, utf8, .. } = line
                && self.finder.find(bytes).is_some()
            {
                self.line(file, bytes, utf8);
            }
        }
        Ok(())
    }

    fn line(&mut self, file: usize, bytes: &[u8], utf8: Utf8) {
        let Some(line) = LogLine::read(&mut self.scanner, self.keys, bytes, utf8) else {
            return;
        };
        let Some(trace) = line.trace().filter(|trace| trace.starts_with(&self.id)) else {
            return;
        };
        if self.bytes > MAX_BYTES {
            self.cut = true;
            return;
        }
        let content = line.located.content.map(|entry| shown_of(bytes, entry)).unwrap_or_default();
        let text = |value: Option<std::borrow::Cow<'_, str>>| value.unwrap_or_default().into_owned();
        let hit = Hit {
            file,
            trace: trace.into_owned(),
            span: text(line.span()),
            parent: PARENT_KEYS.iter().find_map(|key| line.field(key)).unwrap_or_default().into_owned(),
            time: line.time().unwrap_or(0),
            clock: clock(&line.timestamp().unwrap_or_default()).to_owned(),
            duration: line.duration(),
            level: text(line.level()),
            caller: text(line.caller()),
            content: content.split('\n').next().unwrap_or_default().to_owned(),
        };
        self.bytes += std::mem::size_of::<Hit>() + hit.content.len() + 256;
        self.hits.push(hit);
    }
}

fn clock(timestamp: &str) -> &str {
    let time = timestamp.split_once(['T', ' ']).map_or(timestamp, |(_, time)| time);
    &time[..time.find(['Z', 'z', '+', '-']).unwrap_or(time.len())]
}
