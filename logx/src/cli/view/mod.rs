//! `logx view`.

mod follow;
mod render;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::SystemTime;

use super::Outcome;
use super::args::ViewArgs;
use super::check::rename_keys;
use super::entry::LogLine;
use super::error::CliError;
use super::filter::Filter;
use super::input::{self, Line, Lines, STDIN};
use super::located::KeyNames;
use super::progress::Progress;
use super::scan::{Scanner, Utf8};
use super::style::Style;
use follow::{Followed, POLL};
use render::Renderer;

/// Shows the lines that pass the filters.
///
/// # Errors
/// When an option cannot be used or the output cannot be written.
pub(crate) fn run(args: &ViewArgs, out: Box<dyn Write + '_>, style: Style) -> Result<Outcome, CliError> {
    let mut keys = KeyNames::default();
    rename_keys(&mut keys, &args.input.keys)?;
    let mut view = View {
        keys,
        filter: Filter::new(&args.filter, args.trace.as_deref(), SystemTime::now())?,
        scanner: Scanner::new(),
        renderer: Renderer::new(style),
        text: String::new(),
        out,
        tail: args.tail.map(|n| (n, VecDeque::new())),
    };
    let outcome = if args.follow { view.follow(args) } else { view.read(args) };
    outcome.map_err(CliError::Output)
}

struct View<'w> {
    keys: KeyNames,
    filter: Filter,
    scanner: Scanner,
    renderer: Renderer,
    text: String,
    out: Box<dyn Write + 'w>,
    /// The last lines that passed, while they are not to be printed yet.
    tail: Option<(usize, VecDeque<Kept>)>,
}

/// A line that may be among the last ones.
enum Kept {
    Line(Vec<u8>),
    /// One over `--max-line`, of so many bytes.
    TooLong(u64),
}

impl View<'_> {
    fn read(&mut self, args: &ViewArgs) -> io::Result<Outcome> {
        let mut outcome = Outcome::Fine;
        // What is shown is progress enough, unless it goes somewhere else.
        let mut progress = Progress::new(&args.input.files, args.input.progress).only_if(args.tail.is_some());
        for path in super::files_or_stdin(&args.input.files) {
            self.whole(path, args.input.max_line, &mut progress, &mut outcome)?;
        }
        progress.finish();
        self.release_tail()?;
        self.out.flush()?;
        Ok(outcome)
    }

    /// Shows an input from its start to its end.
    fn whole(&mut self, path: &str, max_line: usize, progress: &mut Progress, outcome: &mut Outcome) -> io::Result<()> {
        let source = match input::open(path) {
            Ok(source) => source,
            Err(e) => {
                complain(path, &e, outcome);
                return Ok(());
            }
        };
        let mut lines = Lines::new(source, max_line);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    progress.line(line.length());
                    self.line(line)?;
                }
                Ok(None) => return Ok(()),
                Err(e) => {
                    complain(path, &e, outcome);
                    return Ok(());
                }
            }
        }
    }

    fn follow(&mut self, args: &ViewArgs) -> io::Result<Outcome> {
        let mut outcome = Outcome::Fine;
        let files: Vec<_> = super::files_or_stdin(&args.input.files).collect();
        if files.contains(&STDIN) {
            // A pipe is followed by reading it.
            return self.follow_stdin(args.input.max_line);
        }
        let mut followed = Vec::new();
        let mut quiet = Progress::new(&args.input.files, false).only_if(false);
        for path in files {
            if input::is_gzip(path) {
                // Nobody appends to it.
                self.whole(path, args.input.max_line, &mut quiet, &mut outcome)?;
                continue;
            }
            match Followed::open(path, args.input.max_line) {
                Ok(file) => followed.push(file),
                Err(e) => complain(path, &e, &mut outcome),
            }
        }
        if followed.is_empty() {
            self.release_tail()?;
            self.out.flush()?;
            return Ok(outcome);
        }
        loop {
            for file in &mut followed {
                file.poll(&mut |line| self.line(line))?;
            }
            self.release_tail()?;
            self.out.flush()?;
            std::thread::sleep(POLL);
        }
    }

    fn follow_stdin(&mut self, max_line: usize) -> io::Result<Outcome> {
        self.tail = None;
        let mut lines = Lines::new(input::open(STDIN)?, max_line);
        while let Some(line) = lines.next_line()? {
            self.line(line)?;
            self.out.flush()?;
        }
        Ok(Outcome::Fine)
    }

    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        let (bytes, utf8) = match line {
            Line::Whole { bytes, utf8, .. } => (bytes, utf8),
            Line::TooLong { length, .. } => return self.too_long(length),
        };
        self.text.clear();
        match LogLine::read(&mut self.scanner, &self.keys, bytes, utf8) {
            Some(line) if self.filter.takes(&line) => {
                if self.tail.is_none() {
                    self.renderer.line(&line, &mut self.text);
                }
            }
            None if self.filter.takes_everything() => {
                if self.tail.is_none() {
                    self.renderer.other(bytes, &mut self.text);
                }
            }
            _ => return Ok(()),
        }
        if self.tail.is_none() {
            return self.out.write_all(self.text.as_bytes());
        }
        self.keep(|mut memory| {
            memory.clear();
            memory.extend_from_slice(bytes);
            Kept::Line(memory)
        });
        Ok(())
    }

    /// Nobody knows what is in the line: a filter takes it for a fault that should be seen.
    fn too_long(&mut self, length: u64) -> io::Result<()> {
        if self.tail.is_none() {
            return writeln!(self.out, "(a line of {length} bytes, longer than --max-line)");
        }
        self.keep(|_| Kept::TooLong(length));
        Ok(())
    }

    /// Keeps a line among the last ones; the memory of the one that drops out serves it.
    fn keep(&mut self, line: impl FnOnce(Vec<u8>) -> Kept) {
        let Some((limit @ 1.., kept)) = &mut self.tail else {
            return;
        };
        let dropped = if kept.len() >= *limit { kept.pop_front() } else { None };
        kept.push_back(line(match dropped {
            Some(Kept::Line(memory)) => memory,
            _ => Vec::new(),
        }));
    }

    /// Prints the lines that were kept; from here on lines are printed as they come.
    fn release_tail(&mut self) -> io::Result<()> {
        let Some((_, kept)) = self.tail.take() else {
            return Ok(());
        };
        for line in kept {
            match line {
                Kept::Line(bytes) => {
                    self.line(Line::Whole { number: 0, bytes: &bytes, utf8: Utf8::Unchecked, terminated: true })?;
                }
                Kept::TooLong(length) => self.too_long(length)?,
            }
        }
        Ok(())
    }
}

/// Says on standard error that an input could not be read; the rest is still shown.
pub(super) fn complain(path: &str, error: &io::Error, outcome: &mut Outcome) {
    *outcome = Outcome::Unreadable;
    let _ = writeln!(io::stderr(), "logx: {}: {error}", input::display_name(path));
}
