//! Findings as workflow annotations.

use std::io::{self, Write};

use super::{Finding, Report, Summary, sentence};

pub(super) struct Github<'w> {
    out: Box<dyn Write + 'w>,
}

impl<'w> Github<'w> {
    pub(super) fn new(out: Box<dyn Write + 'w>) -> Self {
        Self { out }
    }
}

impl Report for Github<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let mut properties = Vec::new();
        if let Some(file) = &finding.file {
            properties.push(format!("file={}", property(file)));
        }
        if let Some(line) = finding.line {
            properties.push(format!("line={line}"));
        }
        properties.push(format!("title=logx {}", property(finding.rule)));
        let mut message = finding.message.clone();
        if !finding.excerpt.is_empty() {
            message = format!("{message}\n{}", finding.excerpt);
        }
        writeln!(self.out, "::error {}::{}", properties.join(","), data(&message))
    }

    fn unreadable(&mut self, file: &str, reason: &str) -> io::Result<()> {
        writeln!(self.out, "::error file={},title=logx unreadable::{}", property(file), data(reason))
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let kind = if summary.findings() == 0 && summary.unreadable.is_empty() { "notice" } else { "error" };
        writeln!(self.out, "::{kind} title=logx check::{}", data(&sentence(summary)))?;
        self.out.flush()
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
