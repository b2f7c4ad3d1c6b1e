//! Colours, when they are wanted.

use std::fmt;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style as Ansi};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Where something is.
    Place,
    /// Something wrong.
    Error,
    /// Something slow or doubtful.
    Warning,
    /// Something ordinary.
    Info,
    /// Figures.
    Stat,
    /// The name of a field.
    Key,
    /// Of less interest.
    Dim,
    /// A heading.
    Bold,
}

impl Role {
    /// The role of a level word.
    pub(crate) fn of_level(word: &str) -> Self {
        match word {
            "error" | "fatal" | "severe" | "alert" => Self::Error,
            "slow" | "warn" => Self::Warning,
            "info" => Self::Info,
            "stat" => Self::Stat,
            _ => Self::Dim,
        }
    }
}

/// Colours on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    on: bool,
}

impl Style {
    /// Decides for standard output: `NO_COLOR` set to anything but the empty text switches `auto` off, a set
    /// `CLICOLOR_FORCE` on; a terminal that calls itself `dumb` gets none.
    pub(crate) fn for_stdout(choice: ColorChoice) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !no_color && (set("CLICOLOR_FORCE") || is_colour_terminal()),
        };
        Self { on }
    }

    /// `text` in the role's colour.
    pub(crate) fn paint<'a>(self, role: Role, text: &'a str) -> Painted<'a> {
        Painted { style: self.on.then(|| ansi(role)), text }
    }
}

fn is_colour_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Text with its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Painted<'a> {
    style: Option<Ansi>,
    text: &'a str,
}

impl fmt::Display for Painted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Some(style) if !self.text.is_empty() => write!(f, "{style}{}{style:#}", self.text),
            _ => f.write_str(self.text),
        }
    }
}

fn ansi(role: Role) -> Ansi {
    let color = |c: AnsiColor| Ansi::new().fg_color(Some(c.into()));
    match role {
        Role::Place => Ansi::new().bold(),
        Role::Error => color(AnsiColor::Red).bold(),
        Role::Warning => color(AnsiColor::Yellow),
        Role::Info => color(AnsiColor::Blue),
        Role::Stat => color(AnsiColor::Green),
        Role::Key => color(AnsiColor::Cyan),
        Role::Dim => Ansi::new().dimmed(),
        Role::Bold => Ansi::new().bold(),
    }
}
