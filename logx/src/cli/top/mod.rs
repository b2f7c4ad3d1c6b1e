//! `logx top`.

mod histogram;
mod show;
mod tally;
mod template;

use std::io::{self, Read, Write};
use std::time::SystemTime;

use super::Outcome;
use super::args::TopArgs;
use super::check::rename_keys;
use super::entry::LogLine;
use super::error::CliError;
use super::filter::Filter;
use super::input::{self, Line, Lines};
use super::located::KeyNames;
use super::progress::Progress;
use super::scan::Scanner;
use super::style::Style;
use super::view::complain;
use tally::Tally;

/// Counts the lines that pass the filters and shows what there is most of.
///
/// # Errors
/// When an option cannot be used or the output cannot be written.
pub(crate) fn run(args: &TopArgs, mut out: Box<dyn Write + '_>, style: Style) -> Result<Outcome, CliError> {
    let mut keys = KeyNames::default();
    rename_keys(&mut keys, &args.input.keys)?;
    let filter = Filter::new(&args.filter, None, SystemTime::now())?;
    let mut counter = Counter { keys, filter, scanner: Scanner::new(), tally: Tally::default(), keep: args.rows };
    let mut outcome = Outcome::Fine;
    let mut progress = Progress::new(&args.input.files, args.input.progress);
    for path in super::files_or_stdin(&args.input.files) {
        let name = input::display_name(path);
        let read = input::open(path)
            .and_then(|source| counter.read(name, &mut Lines::new(source, args.input.max_line), &mut progress));
        if let Err(e) = read {
            complain(path, &e, &mut outcome);
        }
    }
    progress.finish();
    let shown = if args.json {
        show::json(&counter.tally, args, &mut *out)
    } else {
        show::text(&counter.tally, args, style, &mut *out)
    };
    shown.and_then(|()| out.flush()).map_err(CliError::Output)?;
    Ok(outcome)
}

struct Counter {
    keys: KeyNames,
    filter: Filter,
    scanner: Scanner,
    tally: Tally,
    keep: usize,
}

impl Counter {
    fn read<R: Read>(&mut self, name: &str, lines: &mut Lines<R>, progress: &mut Progress) -> io::Result<()> {
        while let Some(line) = lines.next_line()? {
            progress.line(line.length());
            let Line::Whole { number, bytes, utf8, .. } = line else {
                self.tally.other += 1;
                continue;
            };
            match LogLine::read(&mut self.scanner, &self.keys, bytes, utf8) {
                Some(line) if self.filter.takes(&line) => {
                    self.tally.add(&line, name, number, self.keep);
                }
                Some(_) => {}
                None => self.tally.other += 1,
            }
        }
        Ok(())
    }
}
