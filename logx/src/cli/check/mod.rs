//! `logx check`.

mod condition;
mod finding;
mod learn;
mod line;
mod plan;
mod report;
mod rules_file;
mod schema;
mod secrets;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

pub(crate) use learn::LearnBy;
pub(crate) use plan::rename_keys;
pub(crate) use report::Format;
pub(crate) use rules_file::compile;

use super::args::CheckArgs;
use super::error::CliError;
use super::excerpt::clip;
use super::input::{self, Line, Lines};
use super::located::{Located, text_of};
use super::progress::Progress;
use super::scan::{Defect, DefectKind, Scanner, Utf8};
use super::style::Style;
use super::{Outcome, expr};
use condition::{Condition, Scope};
use finding::{Finding, Place, Summary, rule};
use learn::{Learned, Site};
use plan::Plan;
use report::Report;

/// Runs the check and writes its report to `out`.
///
/// # Errors
/// When an option, expression or schema cannot be used, or the learned schema or the report cannot be written.
pub(crate) fn run(args: &CheckArgs, out: Box<dyn Write + '_>, style: Style) -> Result<Outcome, CliError> {
    let plan = Plan::new(args)?;
    let mut check = Check {
        plan,
        scanner: Scanner::new(),
        sink: Sink {
            report: args.output.report(out, style),
            summary: Summary::default(),
            limit: if args.max_findings == 0 { u64::MAX } else { args.max_findings },
            output: Ok(()),
        },
    };
    let mut progress = Progress::new(&args.input.files, args.input.progress);
    for path in super::files_or_stdin(&args.input.files) {
        check.file(path, args.input.max_line, &mut progress);
    }
    progress.finish();
    check.finish(args)
}

struct Check<'w> {
    plan: Plan,
    scanner: Scanner,
    sink: Sink<'w>,
}

/// Where findings go.
struct Sink<'w> {
    report: Box<dyn Report + 'w>,
    summary: Summary,
    limit: u64,
    /// The first failure to write; findings are counted on, so that the status stays right when a reader has left.
    output: io::Result<()>,
}

impl Sink<'_> {
    fn add(&mut self, finding: &Finding) {
        self.summary.count(finding.rule);
        if self.summary.findings() <= self.limit && self.output.is_ok() {
            self.output = self.report.finding(finding);
        }
    }
}

impl Check<'_> {
    fn file(&mut self, path: &str, max_line: usize, progress: &mut Progress) {
        let name = input::display_name(path);
        let outcome = input::open(path).and_then(|source| {
            let mut lines = Lines::new(source, max_line);
            let result = self.lines(name, &mut lines, progress);
            self.sink.summary.bytes += lines.bytes();
            result
        });
        match outcome {
            Ok(()) => self.sink.summary.files.push(name.to_owned()),
            Err(e) => {
                let reason = e.to_string();
                if self.sink.output.is_ok() {
                    self.sink.output = self.sink.report.unreadable(name, &reason);
                }
                self.sink.summary.unreadable.push((name.to_owned(), reason));
            }
        }
    }

    fn lines<R: io::Read>(&mut self, name: &str, lines: &mut Lines<R>, progress: &mut Progress) -> io::Result<()> {
        while let Some(line) = lines.next_line()? {
            self.sink.summary.lines += 1;
            match line {
                Line::Whole { number, bytes, utf8, terminated } => {
                    progress.line(bytes.len() + 1);
                    self.line(name, number, bytes, utf8, terminated);
                }
                Line::TooLong { number, length, head } => {
                    progress.line(usize::try_from(length).unwrap_or(usize::MAX));
                    let withheld = self.secrets(name, number, head);
                    let place = Place { file: name, number, bytes: head, withheld };
                    self.sink.add(&place.finding(rule::TOO_LONG, format!("{length} bytes, longer than --max-line")));
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, name: &str, number: u64, bytes: &[u8], utf8: Utf8, terminated: bool) {
        let withheld = self.secrets(name, number, bytes);
        let place = Place { file: name, number, bytes, withheld };
        if let Err(defect) = self.scanner.scan(bytes, utf8) {
            self.sink.add(&defect_finding(&place, defect, terminated));
            return;
        }
        if let Some(twice) = self.scanner.duplicate() {
            let DefectKind::DuplicateKey { end } = twice.kind else {
                return;
            };
            let key = clip(&bytes[twice.at..end], 80);
            let message = format!("key {key} twice in one object, column {}", twice.column());
            self.sink.add(&place.finding_at(twice.at, rule::DUPLICATE_KEY, message));
        }
        self.object(&place);
    }

    /// The checks of a line that is one object.
    fn object(&mut self, place: &Place<'_>) {
        let Self { plan, scanner, sink } = self;
        let bytes = place.bytes;
        let located = Located::find(&plan.keys, bytes, scanner.entries());
        let mut add = |rule, message| sink.add(&place.finding(rule, message));
        line::check(plan, place, scanner.entries(), &located, &mut add);
        if !plan.schemas.is_empty() || plan.learned.is_some() {
            let caller = text_of(bytes, located.caller);
            let level = text_of(bytes, located.level);
            for schema in &plan.schemas {
                for breach in schema.breaches(place, caller.as_deref(), level.as_deref()) {
                    add(rule::SCHEMA, breach.message);
                }
            }
            if let Some(learned) = &mut plan.learned {
                let site = Site::of(learned.by(), caller.as_deref(), level.as_deref());
                if let Err(e) = learned.see(site, bytes) {
                    add(rule::SCHEMA, e);
                }
            }
        }
        if plan.conditions.is_empty() {
            return;
        }
        let Some(parsed) = expr::parse(bytes) else {
            add(rule::EXPRESSION, "the expressions' reader does not accept the line".to_owned());
            return;
        };
        if !plan.scopes.iter_mut().all(|scope| scope.takes(place, &parsed)) {
            return;
        }
        for condition in &mut plan.conditions {
            if let Some(finding) = condition.line(place, &parsed) {
                sink.add(&finding);
            }
        }
    }

    /// Looks for secrets; true if there is one, and nothing of the line may be shown.
    fn secrets(&mut self, name: &str, number: u64, bytes: &[u8]) -> bool {
        let Some(leak) = self.plan.secrets.as_mut().and_then(|secrets| secrets.find(bytes)) else {
            return false;
        };
        let hint = if leak.hint.is_empty() { String::new() } else { format!(": {}", leak.hint) };
        let place = Place { file: name, number, bytes, withheld: true };
        // No excerpt: the report of a leak must not leak.
        let excerpt = String::new();
        self.sink.add(&Finding { excerpt, ..place.finding(rule::SECRET, format!("{}{hint}", leak.what)) });
        true
    }

    fn finish(mut self, args: &CheckArgs) -> Result<Outcome, CliError> {
        let scopes = self.plan.scopes.iter().filter_map(Scope::finish);
        let conditions = self.plan.conditions.iter().flat_map(Condition::finish);
        for finding in scopes.chain(conditions) {
            self.sink.add(&finding);
        }
        let Sink { mut report, mut summary, output, .. } = self.sink;
        summary.sort();
        let failed = !summary.unreadable.is_empty();
        let found = summary.findings() > 0;
        let written = output.and_then(|()| report.finish(&summary));
        if let Err(e) = written
            && e.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(CliError::Output(e));
        }
        if let (Some(file), Some(learned)) = (&args.learn, &self.plan.learned) {
            write_learned(file, learned, failed || found)?;
        }
        Ok(match (failed, found) {
            (true, _) => Outcome::Unreadable,
            (false, true) => Outcome::Found,
            (false, false) => Outcome::Fine,
        })
    }
}

fn defect_finding(place: &Place<'_>, defect: Defect, terminated: bool) -> Finding {
    let truncated = !terminated && defect.kind == DefectKind::Cut;
    if truncated {
        let message = format!("last line cut off after {} bytes", place.bytes.len());
        return place.finding_at(defect.at, rule::TRUNCATED, message);
    }
    place.finding_at(defect.at, rule::JSON, defect.to_string())
}

/// Writes the schema under a temporary name first, so that a full disk leaves the old one.
fn write_learned(file: &str, learned: &Learned, bad_run: bool) -> Result<(), CliError> {
    if bad_run {
        return Ok(());
    }
    if learned.lines() == 0 {
        return Err(CliError::option("--learn", &"no lines to learn from"));
    }
    let text = serde_json::to_string_pretty(&learned.to_schema()).map_err(|e| CliError::content(file, &e))? + "\n";
    replace(Path::new(file), text.as_bytes()).map_err(|e| CliError::file(file, e))
}

/// Puts a new file in the place of a file, or of what a link leads to. A pipe or a device is written to: it must not be replaced.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match fs::canonicalize(file) {
        Ok(target) if !target.is_file() => return fs::write(target, bytes),
        Ok(target) => target,
        Err(_) => file.to_owned(),
    };
    let mut partial = target.clone().into_os_string();
    partial.push(".partial");
    fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, target))
}
