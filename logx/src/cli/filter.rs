//! Which lines to take.

use std::time::{SystemTime, UNIX_EPOCH};

use super::args::FilterArgs;
use super::check::compile;
use super::entry::{LogLine, severity};
use super::error::CliError;
use super::expr::{self, Expr};
use super::time::{parse_duration, parse_rfc3339};

/// The filters of `view` and `top`.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    levels: Vec<String>,
    min_severity: Option<u8>,
    target: Option<String>,
    trace: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    expressions: Vec<Expr>,
}

impl Filter {
    /// The filters of these options; `now` is what relative times count from.
    ///
    /// # Errors
    /// When a level, time or expression is not understood.
    pub(crate) fn new(args: &FilterArgs, trace: Option<&str>, now: SystemTime) -> Result<Self, CliError> {
        let min_severity = match &args.min_level {
            Some(word) => {
                Some(severity(word).ok_or_else(|| CliError::option("--min-level", &format!("no level {word}")))?)
            }
            None => None,
        };
        let expressions = args.expression.iter().map(|text| compile(text, "--where")).collect::<Result<_, _>>()?;
        Ok(Self {
            levels: args.level.clone(),
            min_severity,
            target: args.target.clone(),
            trace: trace.map(str::to_owned),
            since: time("--since", args.since.as_deref(), now)?,
            until: time("--until", args.until.as_deref(), now)?,
            expressions,
        })
    }

    /// Whether there is no filter at all; lines that are no JSON are shown only then.
    pub(crate) fn takes_everything(&self) -> bool {
        self.levels.is_empty()
            && self.min_severity.is_none()
            && self.target.is_none()
            && self.trace.is_none()
            && self.since.is_none()
            && self.until.is_none()
            && self.expressions.is_empty()
    }

    /// Whether the line passes. A line on which an expression fails does not.
    pub(crate) fn takes(&self, line: &LogLine<'_>) -> bool {
        self.level(line) && self.target(line) && self.trace(line) && self.time(line) && self.expressions(line)
    }

    fn level(&self, line: &LogLine<'_>) -> bool {
        if self.levels.is_empty() && self.min_severity.is_none() {
            return true;
        }
        let Some(word) = line.level() else {
            return false;
        };
        let severe = self.min_severity.is_none_or(|min| severity(&word).is_some_and(|s| s >= min));
        severe && (self.levels.is_empty() || self.levels.iter().any(|level| *level == word))
    }

    fn target(&self, line: &LogLine<'_>) -> bool {
        let Some(prefix) = &self.target else {
            return true;
        };
        let begins = |text: Option<std::borrow::Cow<'_, str>>| text.is_some_and(|t| t.starts_with(prefix.as_str()));
        begins(line.caller()) || begins(line.field("target"))
    }

    fn trace(&self, line: &LogLine<'_>) -> bool {
        let Some(prefix) = &self.trace else {
            return true;
        };
        line.trace().is_some_and(|trace| trace.starts_with(prefix.as_str()))
    }

    fn time(&self, line: &LogLine<'_>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(time) = line.time() else {
            return false;
        };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }

    fn expressions(&self, line: &LogLine<'_>) -> bool {
        if self.expressions.is_empty() {
            return true;
        }
        let Some(parsed) = expr::parse(line.bytes) else {
            return false;
        };
        self.expressions.iter().all(|expr| expr.holds(&parsed) == Ok(true))
    }
}

/// An absolute time, or a duration before `now`.
fn time(option: &str, text: Option<&str>, now: SystemTime) -> Result<Option<i64>, CliError> {
    let Some(text) = text else { return Ok(None) };
    if let Some(nanos) = parse_rfc3339(text.as_bytes()) {
        return Ok(Some(nanos));
    }
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
    let ago = parse_duration(text).ok_or_else(|| {
        CliError::option(option, &format!("{text} is neither an RFC 3339 time nor a duration like 15m"))
    })?;
    Ok(Some(now.saturating_sub(ago)))
}
