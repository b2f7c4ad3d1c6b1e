//! `--forbid`, `--require`, `--at-most` and `--same`, and `--where`, which says what lines they look at.

use super::finding::{Finding, rule};
use crate::cli::excerpt::{EXCERPT, clip};
use crate::cli::expr::{Expr, Parsed};

/// What an expression is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// No line may satisfy it.
    Forbid,
    /// At least one line has to.
    Require,
    /// Up to so many lines may.
    AtMost(u64),
    /// Its value, where it has one, is the same on every line.
    Same,
}

/// Where a line is, kept for a finding at the end.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    line: u64,
    excerpt: String,
}

impl Place {
    fn new(file: &str, line: u64, bytes: &[u8]) -> Self {
        Self { file: file.to_owned(), line, excerpt: clip(bytes, EXCERPT) }
    }
}

/// The lines on which an expression failed.
#[derive(Clone, Debug, Default)]
struct Failures {
    count: u64,
    first: Option<(Place, String)>,
}

impl Failures {
    fn add(&mut self, file: &str, number: u64, bytes: &[u8], error: String) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((Place::new(file, number, bytes), error));
        }
    }

    /// An expression that fails cannot vouch for the lines that it failed on.
    fn finding(&self, shown: &str) -> Option<Finding> {
        let (place, error) = self.first.as_ref()?;
        Some(Finding {
            rule: rule::EXPRESSION,
            file: Some(place.file.clone()),
            line: Some(place.line),
            message: format!("failed on {}: {shown}: {}", lines(self.count), clip(error.as_bytes(), EXCERPT)),
            excerpt: place.excerpt.clone(),
        })
    }
}

/// `--where`: the lines that the conditions look at.
#[derive(Debug)]
pub(crate) struct Scope {
    expr: Expr,
    failures: Failures,
}

impl Scope {
    /// The lines for which the expression holds.
    pub(crate) fn new(expr: Expr) -> Self {
        Self { expr, failures: Failures::default() }
    }

    /// Whether the line is one of them; one on which the expression fails is, lest a fault hides there.
    pub(crate) fn takes(&mut self, file: &str, number: u64, bytes: &[u8], parsed: &Parsed) -> bool {
        self.expr.holds(parsed).unwrap_or_else(|error| {
            self.failures.add(file, number, bytes, error);
            true
        })
    }

    /// What is to be said after the last line.
    pub(crate) fn finish(&self) -> Option<Finding> {
        self.failures.finding(self.expr.text())
    }
}

/// An expression with what is demanded of it and what came of it so far.
#[derive(Debug)]
pub(crate) struct Condition {
    name: Option<String>,
    demand: Demand,
    expr: Expr,
    hits: u64,
    /// The first line too many.
    excess: Option<Place>,
    failures: Failures,
    /// The value of the first line that had one.
    value: Option<String>,
}

impl Condition {
    /// A condition; `name` is shown in place of the expression.
    pub(crate) fn new(name: Option<String>, demand: Demand, expr: Expr) -> Self {
        Self { name, demand, expr, hits: 0, excess: None, failures: Failures::default(), value: None }
    }

    fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.expr.text())
    }

    /// Looks at one line; a finding only for a forbidden one.
    pub(crate) fn line(&mut self, file: &str, number: u64, bytes: &[u8], parsed: &Parsed) -> Option<Finding> {
        if self.demand == Demand::Require && self.hits > 0 {
            return None;
        }
        let outcome = if self.demand == Demand::Same {
            self.expr.value(parsed).map(|value| value.and_then(|value| self.differs(value, file, number, bytes)))
        } else {
            self.expr.holds(parsed).map(|holds| if holds { self.hit(file, number, bytes) } else { None })
        };
        outcome.unwrap_or_else(|error| {
            self.failures.add(file, number, bytes, error);
            None
        })
    }

    /// A finding if the value is not that of the first line that had one.
    fn differs(&mut self, value: String, file: &str, number: u64, bytes: &[u8]) -> Option<Finding> {
        let first = match &self.value {
            None => {
                self.value = Some(value);
                return None;
            }
            Some(first) if *first == value => return None,
            Some(first) => clip(first.as_bytes(), EXCERPT),
        };
        Some(Finding {
            rule: rule::SAME,
            file: Some(file.to_owned()),
            line: Some(number),
            message: format!("{} here, {first} before: {}", clip(value.as_bytes(), EXCERPT), self.shown()),
            excerpt: clip(bytes, EXCERPT),
        })
    }

    fn hit(&mut self, file: &str, number: u64, bytes: &[u8]) -> Option<Finding> {
        self.hits += 1;
        match self.demand {
            Demand::Forbid => Some(Finding {
                rule: rule::FORBID,
                file: Some(file.to_owned()),
                line: Some(number),
                message: format!("forbidden: {}", self.shown()),
                excerpt: clip(bytes, EXCERPT),
            }),
            Demand::AtMost(limit) if self.hits == limit + 1 => {
                self.excess = Some(Place::new(file, number, bytes));
                None
            }
            _ => None,
        }
    }

    /// What is to be said after the last line.
    pub(crate) fn finish(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        match (self.demand, &self.excess) {
            (Demand::Require, _) if self.hits == 0 => findings.push(self.missing()),
            (Demand::AtMost(limit), Some(place)) => findings.push(Finding {
                rule: rule::AT_MOST,
                file: Some(place.file.clone()),
                line: Some(place.line),
                message: format!("{}, at most {limit} allowed: {}", lines(self.hits), self.shown()),
                excerpt: place.excerpt.clone(),
            }),
            _ => {}
        }
        // A required line that was found is there, whatever happened on others.
        if self.demand != Demand::Require {
            findings.extend(self.failures.finding(self.shown()));
        }
        findings
    }

    fn missing(&self) -> Finding {
        let failed = match &self.failures.first {
            Some((place, error)) => format!(
                " (failed on {}, first {}:{}: {})",
                lines(self.failures.count),
                place.file,
                place.line,
                clip(error.as_bytes(), EXCERPT)
            ),
            None => String::new(),
        };
        Finding {
            rule: rule::REQUIRE,
            file: None,
            line: None,
            message: format!("no such line: {}{failed}", self.shown()),
            excerpt: String::new(),
        }
    }
}

fn lines(n: u64) -> String {
    format!("{n} line{}", if n == 1 { "" } else { "s" })
}
