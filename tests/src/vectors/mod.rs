//! go-zero's own lines as test vectors: each call is performed through logx, and what comes out is compared with what go-zero printed.
//!
//! The format is described in `tests/vectors/README.md`.

mod backend;
mod case;
mod value;

use anyhow::{Context as _, Result, ensure};
use logx::{Level, LogConf};
use serde_json::Value;

pub use backend::{Backend, Captured};
pub use case::{Call, Case};

use crate::lines;

/// What a secret in the vectors looks like; it must never reach a line.
const SECRET: &str = "RAW-SECRET";

/// What became of a file of vectors.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many cases there were.
    pub total: usize,
    /// One text for each case that came out different.
    pub differences: Vec<String>,
}

impl Outcome {
    /// How many cases came out equal.
    #[must_use]
    pub fn equal(&self) -> usize {
        self.total - self.differences.len()
    }
}

/// Performs every case of a file through a backend. It sets the process's writer, so there is one run at a time in a process.
///
/// # Errors
/// A line of the file that is not a case, or a backend that cannot be set up.
pub fn run(text: &str, backend: Backend) -> Result<Outcome> {
    let captured = backend.install()?;
    let mut outcome = Outcome::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let case: Case = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        outcome.total += 1;
        limit(case.call.max_content_length.unwrap_or(0))?;
        case.call.perform().with_context(|| format!("line {}", number + 1))?;
        if let Err(e) = compare(&captured.take()?, &case.want) {
            outcome.differences.push(format!("{}: {e:#}", case.name));
        }
    }
    limit(0)?;
    Ok(outcome)
}

fn limit(max_content_length: u32) -> Result<()> {
    Ok(logx::reconfigure(&LogConf { level: Level::Debug, max_content_length, ..LogConf::default() })?)
}

fn compare(lines: &[String], want: &Value) -> Result<()> {
    ensure!(lines.len() == 1, "{} lines instead of one: {lines:?}", lines.len());
    let line = &lines[0];
    ensure!(line.ends_with('\n') && !line[..line.len() - 1].contains('\n'), "not one line: {line:?}");
    ensure!(!line.contains(SECRET), "a secret in {line}");
    let mut got = lines::service_line(line.trim_end())?;
    got.remove("@timestamp");
    if want.get("caller").and_then(Value::as_str) == Some("<caller>") && got.contains_key("caller") {
        got.insert("caller".into(), "<caller>".into());
    }
    let got = Value::Object(got);
    ensure!(lines::equal(&got, want), "\n  got  {got}\n  want {want}");
    Ok(())
}
