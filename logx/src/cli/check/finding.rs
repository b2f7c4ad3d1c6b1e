//! One thing that is wrong, and where.

use crate::cli::excerpt::{EXCERPT, clip, clip_around};

/// Names of the rules, as every output prints them.
pub(crate) mod rule {
    /// The line is not one JSON object.
    pub(crate) const JSON: &str = "json";
    /// The last line ends inside its object.
    pub(crate) const TRUNCATED: &str = "truncated";
    /// The line is longer than `--max-line`.
    pub(crate) const TOO_LONG: &str = "too-long";
    /// A key occurs twice in one object.
    pub(crate) const DUPLICATE_KEY: &str = "duplicate-key";
    /// A required key is not there.
    pub(crate) const MISSING_KEY: &str = "missing-key";
    /// A key's value has another type than it must have.
    pub(crate) const WRONG_TYPE: &str = "wrong-type";
    /// The level word is unknown.
    pub(crate) const LEVEL: &str = "level";
    /// The timestamp cannot be parsed.
    pub(crate) const TIMESTAMP: &str = "timestamp";
    /// A forbidden line.
    pub(crate) const FORBID: &str = "forbid";
    /// No line that was required.
    pub(crate) const REQUIRE: &str = "require";
    /// More lines than allowed.
    pub(crate) const AT_MOST: &str = "at-most";
    /// Values that differ though they have to be the same.
    pub(crate) const SAME: &str = "same";
    /// An expression raised an error.
    pub(crate) const EXPRESSION: &str = "expression";
    /// The line breaks the schema.
    pub(crate) const SCHEMA: &str = "schema";
    /// Something that must not be in a log.
    pub(crate) const SECRET: &str = "secret";

    /// All of them, in the order of the summary.
    pub(crate) const ALL: [&str; 15] = [
        JSON,
        TRUNCATED,
        TOO_LONG,
        DUPLICATE_KEY,
        MISSING_KEY,
        WRONG_TYPE,
        LEVEL,
        TIMESTAMP,
        FORBID,
        REQUIRE,
        AT_MOST,
        SAME,
        EXPRESSION,
        SCHEMA,
        SECRET,
    ];
}

/// Stands in a report for what it must not show: another rule's finding in the line of a secret must not repeat the secret.
const WITHHELD: &str = "(not shown: the line holds a secret)";

/// The line that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The input's name.
    pub file: &'a str,
    /// Counted from 1.
    pub number: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Nothing of it may be shown.
    pub withheld: bool,
}

impl Place<'_> {
    /// A finding in this line.
    pub(crate) fn finding(&self, rule: &'static str, message: String) -> Finding {
        Finding { rule, file: Some(self.file.to_owned()), line: Some(self.number), message, excerpt: self.excerpt() }
    }

    /// A finding at a byte of this line.
    pub(crate) fn finding_at(&self, at: usize, rule: &'static str, message: String) -> Finding {
        let excerpt = if self.withheld { WITHHELD.to_owned() } else { clip_around(self.bytes, at, EXCERPT) };
        Finding { excerpt, ..self.finding(rule, message) }
    }

    /// The line, clipped.
    pub(crate) fn excerpt(&self) -> String {
        self.shown(self.bytes)
    }

    /// A part of the line, clipped.
    pub(crate) fn shown(&self, part: &[u8]) -> String {
        if self.withheld { WITHHELD.to_owned() } else { clip(part, EXCERPT) }
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// One of [`rule`].
    pub rule: &'static str,
    /// The input's name; `None` when it concerns all of them.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// The line, clipped and made printable; empty when there is none.
    pub excerpt: String,
}

/// What was looked at and found, for the end of each output.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Names of the inputs that were read to their end.
    pub files: Vec<String>,
    /// Inputs that could not be opened or read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Lines, empty ones too.
    pub lines: u64,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Findings by rule; only rules that found something.
    pub by_rule: Vec<(&'static str, u64)>,
}

impl Summary {
    /// Counts one finding.
    pub(crate) fn count(&mut self, rule: &'static str) {
        match self.by_rule.iter_mut().find(|(name, _)| *name == rule) {
            Some((_, count)) => *count += 1,
            None => self.by_rule.push((rule, 1)),
        }
    }

    /// All findings, printed or not.
    pub(crate) fn findings(&self) -> u64 {
        self.by_rule.iter().map(|(_, count)| count).sum()
    }

    /// Puts the rules into their fixed order.
    pub(crate) fn sort(&mut self) {
        self.by_rule.sort_by_key(|(name, _)| rule::ALL.iter().position(|r| r == name));
    }
}
