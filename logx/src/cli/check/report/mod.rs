//! The outputs of `check`.

mod github;
mod json;
mod junit;
mod text;

use std::io::{self, Write};

use super::finding::{Finding, Summary};
use crate::cli::style::Style;

/// An output of findings.
pub(crate) trait Report {
    /// Takes a finding as soon as it is made.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;

    /// Takes an input that could not be opened or read.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn unreadable(&mut self, file: &str, reason: &str) -> io::Result<()>;

    /// Ends the output.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// The formats of `check`'s output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: file:line: rule: message, the line below it
    Text,
    /// One JSON document
    Json,
    /// JUnit XML, one suite a file
    Junit,
    /// Workflow annotations
    Github,
}

impl Format {
    /// The output in this format, written to `out`.
    pub(crate) fn report<'w>(self, out: Box<dyn Write + 'w>, style: Style) -> Box<dyn Report + 'w> {
        match self {
            Self::Text => Box::new(text::Text::new(out, style)),
            Self::Json => Box::new(json::Json::new(out)),
            Self::Junit => Box::new(junit::Junit::new(out)),
            Self::Github => Box::new(github::Github::new(out)),
        }
    }
}

/// `3 files`, `1 file`.
fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// One line that sums up, the same in text and annotations.
fn sentence(summary: &Summary) -> String {
    let looked = format!(
        "{}, {}, {}",
        count(summary.files.len() as u64, "file"),
        count(summary.lines, "line"),
        count(summary.bytes, "byte")
    );
    let mut text = if summary.findings() == 0 {
        format!("no findings in {looked}")
    } else {
        let rules: Vec<_> = summary.by_rule.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        format!("{} in {looked}: {}", count(summary.findings(), "finding"), rules.join(", "))
    };
    if !summary.unreadable.is_empty() {
        text.push_str(&format!("; {} unreadable", summary.unreadable.len()));
    }
    text
}
