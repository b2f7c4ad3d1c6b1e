//! Findings as one JSON document, written as they come.

use std::io::{self, Write};

use serde_json::json;

use super::{Finding, Report, Summary};

pub(super) struct Json<'w> {
    out: Box<dyn Write + 'w>,
    printed: u64,
}

impl<'w> Json<'w> {
    pub(super) fn new(out: Box<dyn Write + 'w>) -> Self {
        Self { out, printed: 0 }
    }
}

impl Report for Json<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let lead = if self.printed == 0 { "{\"findings\":[\n" } else { ",\n" };
        self.printed += 1;
        let value = json!({
            "rule": finding.rule,
            "file": finding.file,
            "line": finding.line,
            "message": finding.message,
            "excerpt": finding.excerpt,
        });
        write!(self.out, "{lead}{value}")
    }

    fn unreadable(&mut self, _file: &str, _reason: &str) -> io::Result<()> {
        // Listed in the summary.
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let lead = if self.printed == 0 { "{\"findings\":[" } else { "\n" };
        let rules: serde_json::Map<_, _> =
            summary.by_rule.iter().map(|(rule, n)| ((*rule).to_owned(), json!(n))).collect();
        let unreadable: Vec<_> =
            summary.unreadable.iter().map(|(file, reason)| json!({"file": file, "reason": reason})).collect();
        let value = json!({
            "files": summary.files,
            "lines": summary.lines,
            "bytes": summary.bytes,
            "findings": summary.findings(),
            "hidden": summary.findings() - self.printed.min(summary.findings()),
            "by_rule": rules,
            "unreadable": unreadable,
        });
        writeln!(self.out, "{lead}],\n\"summary\":{value}}}")?;
        self.out.flush()
    }
}
