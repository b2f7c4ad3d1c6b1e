//! Findings for people.

use std::io::{self, Write};

use super::{Finding, Report, Summary, sentence};
use crate::cli::style::{Role, Style};

pub(super) struct Text<'w> {
    out: Box<dyn Write + 'w>,
    style: Style,
    printed: u64,
}

impl<'w> Text<'w> {
    pub(super) fn new(out: Box<dyn Write + 'w>, style: Style) -> Self {
        Self { out, style, printed: 0 }
    }
}

impl Report for Text<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.printed += 1;
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            _ => String::new(),
        };
        let place = self.style.paint(Role::Place, &place);
        let rule = self.style.paint(Role::Error, finding.rule);
        writeln!(self.out, "{place}{rule}: {}", finding.message)?;
        if !finding.excerpt.is_empty() {
            writeln!(self.out, "    {}", self.style.paint(Role::Dim, &finding.excerpt))?;
        }
        Ok(())
    }

    fn unreadable(&mut self, file: &str, reason: &str) -> io::Result<()> {
        let place = format!("{file}: ");
        let place = self.style.paint(Role::Place, &place);
        let word = self.style.paint(Role::Error, "unreadable");
        writeln!(self.out, "{place}{word}: {reason}")
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let hidden = summary.findings() - self.printed.min(summary.findings());
        if hidden > 0 {
            writeln!(self.out, "... and {hidden} more (--max-findings)")?;
        }
        writeln!(self.out, "{}", sentence(summary))?;
        self.out.flush()
    }
}
