//! Findings as JUnit XML: a suite a file, a case a rule that found something, or one passed case.

use std::io::{self, Write};

use super::{Finding, Report, Summary, count};

/// The suite of findings that concern all inputs.
const ALL_INPUTS: &str = "all inputs";

pub(super) struct Junit<'w> {
    out: Box<dyn Write + 'w>,
    /// At most `--max-findings` of them: the counts of a suite stand before its cases.
    findings: Vec<Finding>,
}

impl<'w> Junit<'w> {
    pub(super) fn new(out: Box<dyn Write + 'w>) -> Self {
        Self { out, findings: Vec::new() }
    }

    fn suite(&mut self, name: &str, reason: Option<&str>) -> io::Result<()> {
        let mine: Vec<_> = self.findings.iter().filter(|f| f.file.as_deref().unwrap_or(ALL_INPUTS) == name).collect();
        let mut rules: Vec<_> = mine.iter().map(|f| f.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let errors = u64::from(reason.is_some());
        let tests = (rules.len() as u64 + errors).max(1);
        let name = escape(name);
        writeln!(
            self.out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{}\" errors=\"{errors}\">",
            rules.len()
        )?;
        if rules.is_empty() && reason.is_none() {
            writeln!(self.out, "    <testcase classname=\"logx.check\" name=\"{name}\"/>")?;
        }
        if let Some(reason) = reason {
            writeln!(self.out, "    <testcase classname=\"logx.check\" name=\"readable\">")?;
            writeln!(self.out, "      <error message=\"{}\"/>", escape(reason))?;
            writeln!(self.out, "    </testcase>")?;
        }
        for rule in rules {
            let of_rule: Vec<_> = mine.iter().filter(|f| f.rule == rule).collect();
            let message = format!("{rule}: {}", count(of_rule.len() as u64, "finding"));
            writeln!(self.out, "    <testcase classname=\"logx.check\" name=\"{rule}\">")?;
            write!(self.out, "      <failure type=\"{rule}\" message=\"{}\">", escape(&message))?;
            for finding in of_rule {
                let place = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
                write!(self.out, "{}", escape(&format!("{place}{}\n", finding.message)))?;
                if !finding.excerpt.is_empty() {
                    write!(self.out, "{}", escape(&format!("    {}\n", finding.excerpt)))?;
                }
            }
            writeln!(self.out, "</failure>")?;
            writeln!(self.out, "    </testcase>")?;
        }
        writeln!(self.out, "  </testsuite>")
    }
}

impl Report for Junit<'_> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        self.findings.push(finding.clone());
        Ok(())
    }

    fn unreadable(&mut self, _file: &str, _reason: &str) -> io::Result<()> {
        // Comes with the summary.
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(self.out, "<testsuites name=\"logx check\">")?;
        for file in &summary.files {
            self.suite(file, None)?;
        }
        for (file, reason) in &summary.unreadable {
            self.suite(file, Some(reason))?;
        }
        if self.findings.iter().any(|f| f.file.is_none()) {
            self.suite(ALL_INPUTS, None)?;
        }
        writeln!(self.out, "</testsuites>")?;
        self.out.flush()
    }
}

/// XML 1.0 text: markup escaped, characters that XML cannot hold replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
