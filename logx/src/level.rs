//! Levels (what is let through) and kinds (what was said).

use std::fmt;
use std::str::FromStr;

/// A threshold: a line passes when its kind's own threshold is not below it.
///
/// go-zero knows debug, info, error and severe; `Warn` lies between info and error,
/// `Off` lets nothing through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Everything.
    Debug = 0,
    /// All but debug; go-zero's default in a configuration.
    Info = 1,
    /// Warnings and worse.
    Warn = 2,
    /// Errors, slow calls and stacks, and worse.
    Error = 3,
    /// Severe and alert only.
    Severe = 4,
    /// Nothing at all, as after [`disable`](crate::disable).
    Off = 255,
}

impl Level {
    /// The configuration word: `debug`, `info`, `warn`, `error`, `severe` or `off`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Severe => "severe",
            Self::Off => "off",
        }
    }

    pub(crate) const fn from_number(n: u8) -> Self {
        match n {
            0 => Self::Debug,
            1 => Self::Info,
            2 => Self::Warn,
            3 => Self::Error,
            4 => Self::Severe,
            _ => Self::Off,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A level word that is none of those that a configuration may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLevelError(String);

impl fmt::Display for ParseLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {:?} is not one of debug, info, warn, error, severe, off", self.0)
    }
}

impl std::error::Error for ParseLevelError {}

impl FromStr for Level {
    type Err = ParseLevelError;

    /// Reads a configuration word, in any case.
    fn from_str(s: &str) -> Result<Self, ParseLevelError> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Severe, Self::Off]
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(s))
            .ok_or_else(|| ParseLevelError(s.to_owned()))
    }
}

/// What a line says of itself: go-zero's eight kinds and `Warn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// For developers.
    Debug = 0,
    /// The ordinary line.
    Info = 1,
    /// Worth a look; passes wherever info passes, and at [`Level::Warn`].
    Warn = 2,
    /// Something failed.
    Error = 3,
    /// Something took too long; thresholds as for errors.
    Slow = 4,
    /// Periodic figures; may be switched off on its own.
    Stat = 5,
    /// The service cannot go on as it is; prints the word `fatal` and a stack.
    Severe = 6,
    /// For a person at once; has no threshold.
    Alert = 7,
    /// An error with its stack; prints the word `error`.
    Stack = 8,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Slow,
        Self::Stat,
        Self::Severe,
        Self::Alert,
        Self::Stack,
    ];

    /// The text under the level key; severe prints `fatal` and stack prints `error`, as in go-zero.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error | Self::Stack => "error",
            Self::Slow => "slow",
            Self::Stat => "stat",
            Self::Severe => "fatal",
            Self::Alert => "alert",
        }
    }

    /// The kind's own name, distinct for each: `severe` and `stack` where [`word`](Self::word) says `fatal` and `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Severe => "severe",
            Self::Stack => "stack",
            other => other.word(),
        }
    }

    /// The highest numeric level at which the kind still passes.
    #[doc(hidden)]
    #[must_use]
    pub const fn threshold(self) -> u8 {
        match self {
            Self::Debug => Level::Debug as u8,
            Self::Info | Self::Stat => Level::Info as u8,
            Self::Warn => Level::Warn as u8,
            Self::Error | Self::Slow | Self::Stack => Level::Error as u8,
            Self::Severe => Level::Severe as u8,
            // Passes at every level but Off.
            Self::Alert => Level::Off as u8 - 1,
        }
    }

    /// Whether a line of this kind passes at `level`.
    #[must_use]
    pub const fn passes(self, level: Level) -> bool {
        level as u8 <= self.threshold()
    }

    /// Console lines of the error kinds go to stderr, all others to stdout.
    #[must_use]
    pub const fn is_error_kind(self) -> bool {
        matches!(self, Self::Error | Self::Slow | Self::Severe | Self::Alert | Self::Stack)
    }

    /// go-zero prints the stack behind the text of severe and stack.
    #[must_use]
    pub(crate) const fn has_stack(self) -> bool {
        matches!(self, Self::Severe | Self::Stack)
    }

    /// go-zero prints neither the caller nor global fields with severe, alert and stack.
    #[must_use]
    pub const fn has_caller(self) -> bool {
        !matches!(self, Self::Severe | Self::Alert | Self::Stack)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
