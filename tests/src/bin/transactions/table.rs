//! Markdown tables, and whether each target is met.

use std::io::{self, Write as _};

/// Collects what was missed, so that the program can end with an error.
#[derive(Debug, Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

impl Report {
    /// A heading.
    ///
    /// # Errors
    /// stdout is closed.
    pub(crate) fn heading(text: &str) -> io::Result<()> {
        print(&format!("\n### {text}\n\n"))
    }

    /// A table.
    ///
    /// # Errors
    /// stdout is closed.
    pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let line = |cells: &mut dyn Iterator<Item = &str>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let mut text = line(&mut head.iter().copied());
        let ruler = head.iter().enumerate().map(|(i, _)| if i == 0 { "---" } else { "---:" });
        text.push_str(&line(&mut ruler.into_iter()));
        for row in rows {
            text.push_str(&line(&mut row.iter().map(String::as_str)));
        }
        print(&text)
    }

    /// A line for what could not be measured.
    ///
    /// # Errors
    /// stdout is closed.
    pub(crate) fn skipped(what: &str, why: &str) -> io::Result<()> {
        print(&format!("skipped: {what}: {why}\n"))
    }

    /// The row of a target.
    pub(crate) fn target(&mut self, what: &str, found: f64, unit: &str, wanted: Wanted) -> Vec<String> {
        let (met, bound) = match wanted {
            Wanted::AtLeast(bound) => (found >= bound, format!("at least {bound}{unit}")),
            Wanted::AtMost(bound) => (found <= bound, format!("at most {bound}{unit}")),
        };
        if !met {
            self.missed.push(what.to_owned());
        }
        vec![what.to_owned(), format!("{found:.2}{unit}"), bound, if met { "met" } else { "missed" }.to_owned()]
    }

    /// What was missed.
    pub(crate) fn missed(&self) -> &[String] {
        &self.missed
    }
}

/// The heading of a table of targets.
pub(crate) const TARGETS: [&str; 4] = ["target", "found", "wanted", ""];

/// What a figure is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
}

pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The middle one; of an even number the mean of both in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[length / 2],
        length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
    }
}
