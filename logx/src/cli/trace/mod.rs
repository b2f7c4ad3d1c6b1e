//! `logx trace`.

mod collect;
mod tree;

use std::io::{self, Write};

use super::Outcome;
use super::args::TraceArgs;
use super::check::rename_keys;
use super::error::CliError;
use super::excerpt::{clip, visible};
use super::input::{self, Lines};
use super::located::KeyNames;
use super::progress::Progress;
use super::style::{Role, Style};
use super::time::show_duration;
use super::view::complain;
use collect::{Collector, Hit};
use tree::SpanNode;

/// A message is shown up to this many characters.
const CONTENT: usize = 120;

/// Shows the lines of one trace as a tree of spans.
///
/// # Errors
/// When an option cannot be used or the output cannot be written.
pub(crate) fn run(args: &TraceArgs, mut out: Box<dyn Write + '_>, style: Style) -> Result<Outcome, CliError> {
    let mut keys = KeyNames::default();
    rename_keys(&mut keys, &args.input.keys)?;
    if args.id.is_empty() {
        return Err(CliError::option("ID", &"is empty"));
    }
    let mut outcome = Outcome::Fine;
    let mut collector = Collector::new(&keys, &args.id);
    let mut progress = Progress::new(&args.input.files, args.input.progress);
    let files: Vec<_> = super::files_or_stdin(&args.input.files).collect();
    for (number, path) in files.iter().enumerate() {
        let read = input::open(path)
            .and_then(|source| collector.read(number, &mut Lines::new(source, args.input.max_line), &mut progress));
        if let Err(e) = read {
            complain(path, &e, &mut outcome);
        }
    }
    progress.finish();
    let cut = collector.cut;
    let mut hits = collector.hits;
    if hits.is_empty() && outcome == Outcome::Fine {
        let _ = writeln!(io::stderr(), "logx: no line with trace {}", visible(&args.id));
        return Ok(Outcome::Found);
    }
    // Stable: lines of one millisecond stay in the order in which they were written.
    hits.sort_by(|a, b| (&a.trace, a.time).cmp(&(&b.trace, b.time)));
    let shown = hits.chunk_by(|a, b| a.trace == b.trace).try_for_each(|trace| {
        let printer = Printer { hits: trace, files: &files, style };
        printer.print(&mut *out)
    });
    shown.and_then(|()| out.flush()).map_err(CliError::Output)?;
    if cut {
        let _ = writeln!(io::stderr(), "logx: the trace is too long, its end is not shown");
    }
    Ok(outcome)
}

struct Printer<'a> {
    hits: &'a [Hit],
    files: &'a [&'a str],
    style: Style,
}

/// What stands in front of the lines of a span and of its children.
struct Indent {
    own: String,
    below: String,
}

impl Printer<'_> {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let spans = tree::spans(self.hits);
        let start = spans.iter().map(|s| s.start).min().unwrap_or(0);
        let end = spans.iter().map(|s| s.end).max().unwrap_or(0);
        let mut files: Vec<_> = self.hits.iter().map(|hit| hit.file).collect();
        files.sort_unstable();
        files.dedup();
        let trace = self.hits.first().map(|hit| visible(&hit.trace)).unwrap_or_default();
        writeln!(
            out,
            "{} {} in {}, {}, {}",
            self.style.paint(Role::Bold, "trace"),
            self.style.paint(Role::Bold, &trace),
            show_duration(end - start),
            plural(spans.iter().filter(|s| !s.id.is_empty()).count(), "span"),
            plural(self.hits.len(), "line"),
        )?;
        if self.files.len() > 1 {
            for file in files {
                writeln!(out, "  [{}] {}", file + 1, visible(input::display_name(self.files[file])))?;
            }
        }
        self.children(&spans, None, "", out)
    }

    fn children(&self, spans: &[SpanNode], parent: Option<usize>, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let children: Vec<_> = (0..spans.len()).filter(|at| spans[*at].parent == parent).collect();
        for (number, at) in children.iter().enumerate() {
            let last = number + 1 == children.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let indent = Indent { own: format!("{indent}{branch}"), below: format!("{indent}{below}") };
            self.span(spans, *at, &indent, out)?;
            self.children(spans, Some(*at), &indent.below, out)?;
        }
        Ok(())
    }

    fn span(&self, spans: &[SpanNode], at: usize, indent: &Indent, out: &mut dyn Write) -> io::Result<()> {
        let span = &spans[at];
        let id = if span.id.is_empty() { "(no span)".to_owned() } else { format!("span {}", visible(&span.id)) };
        let length = show_duration(span.end - span.start);
        writeln!(out, "{}{} {}", indent.own, self.style.paint(Role::Key, &id), self.style.paint(Role::Bold, &length))?;
        let has_children = spans.iter().any(|other| other.parent == Some(at));
        let bar = if has_children { "│  " } else { "   " };
        for line in &span.lines {
            write!(out, "{}{bar}", indent.below)?;
            self.line(&self.hits[*line], out)?;
        }
        Ok(())
    }

    fn line(&self, hit: &Hit, out: &mut dyn Write) -> io::Result<()> {
        let place = if self.files.len() > 1 { format!("[{}] ", hit.file + 1) } else { String::new() };
        let duration = hit.duration.map(|d| format!(" {}", show_duration(d))).unwrap_or_default();
        writeln!(
            out,
            "{}{} {} {} {}{}",
            place,
            self.style.paint(Role::Dim, &visible(&hit.clock)),
            self.style.paint(Role::of_level(&hit.level), &visible(&hit.level)),
            self.style.paint(Role::Dim, &visible(&hit.caller)),
            clip(hit.content.as_bytes(), CONTENT),
            self.style.paint(Role::Warning, &duration),
        )
    }
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
