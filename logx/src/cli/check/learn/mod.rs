//! `--learn`: the JSON types of each key at each call-site, kept as a JSON Schema.

mod breach;
mod observe;
mod schema_file;
mod shape;

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use shape::Shape;

/// More call-sites than this are no call-sites but data.
const MAX_SITES: usize = 100_000;

/// What lines are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LearnBy {
    /// File and line of the call: `order/api.rs:12`
    CallSite,
    /// File of the call, so that the schema outlives edits that move lines
    File,
}

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Site {
    /// `dir/file:line`
    Caller(String),
    /// `dir/file`
    File(String),
    /// Lines without a caller, by level word.
    Level(String),
}

impl Site {
    /// The site of a line with this caller and level.
    pub(crate) fn of(by: LearnBy, caller: Option<&str>, level: Option<&str>) -> Self {
        match (by, caller) {
            (_, None) => Self::Level(level.unwrap_or_default().to_owned()),
            (LearnBy::CallSite, Some(caller)) => Self::Caller(caller.to_owned()),
            (LearnBy::File, Some(caller)) => Self::File(file_of(caller).to_owned()),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(text) | Self::File(text) => f.write_str(text),
            Self::Level(level) => write!(f, "{level} lines without a caller"),
        }
    }
}

/// The file of a caller `dir/file:line`.
pub(crate) fn file_of(caller: &str) -> &str {
    match caller.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => file,
        _ => caller,
    }
}

/// What was seen in a run: a shape for each site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    by: LearnBy,
    caller_key: String,
    level_key: String,
    sites: BTreeMap<Site, Shape>,
    /// All sites together, for lines of a site that was not seen.
    any: Shape,
    lines: u64,
}

impl Learned {
    /// Nothing seen yet. The names are those of the keys that hold the caller and the level.
    pub(crate) fn new(by: LearnBy, caller_key: &str, level_key: &str) -> Self {
        Self {
            by,
            caller_key: caller_key.to_owned(),
            level_key: level_key.to_owned(),
            sites: BTreeMap::new(),
            any: Shape::default(),
            lines: 0,
        }
    }

    /// What the lines are told apart by.
    pub(crate) fn by(&self) -> LearnBy {
        self.by
    }

    /// Lines seen.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Takes the types of one line.
    ///
    /// # Errors
    /// A text when there are too many sites, or the line cannot be read.
    pub(crate) fn see(&mut self, site: Site, line: &[u8]) -> Result<(), String> {
        if self.sites.len() >= MAX_SITES && !self.sites.contains_key(&site) {
            return Err(format!("more than {MAX_SITES} call-sites"));
        }
        let shape = self.sites.entry(site).or_default();
        observe::observe(shape, line).map_err(|e| e.to_string())?;
        self.lines += 1;
        Ok(())
    }

    /// What in a line of this site was never seen, at most `limit` of it.
    pub(crate) fn breaches(&self, site: &Site, line: &[u8], limit: usize) -> Vec<String> {
        let (shape, note) = match self.sites.get(site) {
            Some(shape) => (shape, ""),
            None => (&self.any, " (new call-site, held against all)"),
        };
        let found = breach::breaches(shape, line, limit);
        found.into_iter().map(|text| format!("{site}{note}: {text}")).collect()
    }
}
