//! `--forbid`, `--require`, `--at-most` and `--same`, and `--where`, which says what lines they look at.

use super::finding::{Finding, Place, rule};
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

/// The lines on which an expression failed.
#[derive(Clone, Debug, Default)]
struct Failures {
    count: u64,
    /// Where, and the error.
    first: Option<(Finding, String)>,
}

impl Failures {
    fn add(&mut self, place: &Place<'_>, error: &str) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((place.finding(rule::EXPRESSION, String::new()), place.shown(error.as_bytes())));
        }
    }

    /// An expression that fails cannot vouch for the lines that it failed on.
    fn finding(&self, shown: &str) -> Option<Finding> {
        let (place, error) = self.first.as_ref()?;
        Some(Finding { message: format!("failed on {}: {shown}: {error}", lines(self.count)), ..place.clone() })
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
    pub(crate) fn takes(&mut self, place: &Place<'_>, parsed: &Parsed) -> bool {
        self.expr.holds(parsed).unwrap_or_else(|error| {
            self.failures.add(place, &error);
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
    /// The first line too many, as a finding without its message.
    excess: Option<Finding>,
    failures: Failures,
    /// The value of the first line that had one, and how it is shown.
    value: Option<(String, String)>,
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
    pub(crate) fn line(&mut self, place: &Place<'_>, parsed: &Parsed) -> Option<Finding> {
        if self.demand == Demand::Require && self.hits > 0 {
            return None;
        }
        let outcome = if self.demand == Demand::Same {
            self.expr.value(parsed).map(|value| value.and_then(|value| self.differs(value, place)))
        } else {
            self.expr.holds(parsed).map(|holds| if holds { self.hit(place) } else { None })
        };
        outcome.unwrap_or_else(|error| {
            self.failures.add(place, &error);
            None
        })
    }

    /// A finding if the value is not that of the first line that had one.
    fn differs(&mut self, value: String, place: &Place<'_>) -> Option<Finding> {
        let shown = place.shown(value.as_bytes());
        let (_, first) = match &self.value {
            None => {
                self.value = Some((value, shown));
                return None;
            }
            Some((first, _)) if *first == value => return None,
            Some(first) => first,
        };
        Some(place.finding(rule::SAME, format!("{shown} here, {first} before: {}", self.shown())))
    }

    fn hit(&mut self, place: &Place<'_>) -> Option<Finding> {
        self.hits += 1;
        match self.demand {
            Demand::Forbid => Some(place.finding(rule::FORBID, format!("forbidden: {}", self.shown()))),
            Demand::AtMost(limit) if self.hits == limit + 1 => {
                self.excess = Some(place.finding(rule::AT_MOST, String::new()));
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
                message: format!("{}, at most {limit} allowed: {}", lines(self.hits), self.shown()),
                ..place.clone()
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
                " (failed on {}, first {}:{}: {error})",
                lines(self.failures.count),
                place.file.as_deref().unwrap_or_default(),
                place.line.unwrap_or_default(),
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
