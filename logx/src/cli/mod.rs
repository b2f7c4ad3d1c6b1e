//! The program `logx`: looks through JSON logs.
//!
//! Independent of the rest of the crate: it reads lines, whoever wrote them. Not part of the crate's stable interface.

mod args;
mod check;
mod entry;
mod error;
pub(crate) mod excerpt;
pub(crate) mod expr;
mod filter;
pub(crate) mod input;
pub(crate) mod located;
mod progress;
pub(crate) mod scan;
mod style;
pub(crate) mod time;
mod top;
mod trace;
mod view;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use error::CliError;
use style::Style;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Status 0.
    Fine,
    /// Status 1: findings, or no such trace.
    Found,
    /// Status 2: an input could not be read; the rest was processed.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Found => Self::from(1),
            Outcome::Unreadable => Self::from(2),
        }
    }
}

/// Runs the program with these arguments, the program's name first.
pub(crate) fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            // Help goes to standard output with status 0, anything else to standard error with status 2.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&cli) {
        Ok(outcome) => outcome.into(),
        Err(CliError::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(io::stderr(), "logx: {e}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<Outcome, CliError> {
    let style = Style::for_stdout(cli.color);
    let out = Box::new(BufWriter::with_capacity(64 << 10, io::stdout().lock()));
    match &cli.command {
        Command::Check(args) => check::run(args, out, style),
        Command::View(args) => view::run(args, out, style),
        Command::Trace(args) => trace::run(args, out, style),
        Command::Top(args) => top::run(args, out, style),
        Command::Completions { shell } => completions(*shell, out),
    }
}

fn completions(shell: clap_complete::Shell, mut out: Box<dyn Write + '_>) -> Result<Outcome, CliError> {
    // Into memory first: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "logx", &mut script);
    out.write_all(&script).and_then(|()| out.flush()).map_err(CliError::Output)?;
    Ok(Outcome::Fine)
}

/// The inputs: the files, or standard input when there are none.
fn files_or_stdin(files: &[String]) -> impl Iterator<Item = &str> {
    let stdin = files.is_empty().then_some(input::STDIN);
    files.iter().map(String::as_str).chain(stdin)
}
