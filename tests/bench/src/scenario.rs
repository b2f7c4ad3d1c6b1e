//! The scenarios: zap's benchmark suite, named as in its own files.

use std::fmt;

/// One kind of log call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// A debug line at threshold info, message only.
    Off,
    /// The same with ten fields.
    Off10,
    /// A message, no fields.
    Static,
    /// Three strings, four integers, two floats, a bool.
    Flat10,
    /// zap's ten rich fields, written with the library's own typed values.
    Zap10,
    /// The same ten through `serde::Serialize`.
    Zap10Serde,
    /// A logger that carries the ten fields of `Zap10`, and a static message.
    Ctx10,
    /// An event in a span that carries the ten fields of `Flat10`: only the part `bridges` has it.
    Span10,
    /// A message formatted from three values.
    Fmt3,
    /// A message formatted from ten rich values.
    Fmt10,
}

impl Scenario {
    pub const ALL: [Self; 9] = [
        Self::Off,
        Self::Off10,
        Self::Static,
        Self::Flat10,
        Self::Zap10,
        Self::Zap10Serde,
        Self::Ctx10,
        Self::Fmt3,
        Self::Fmt10,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Off10 => "off10",
            Self::Static => "static",
            Self::Flat10 => "flat10",
            Self::Zap10 => "zap10",
            Self::Zap10Serde => "zap10-serde",
            Self::Ctx10 => "ctx10",
            Self::Span10 => "span10",
            Self::Fmt3 => "fmt3",
            Self::Fmt10 => "fmt10",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Span10]).find(|s| s.name() == name)
    }

    /// True where nothing is written.
    pub const fn is_off(self) -> bool {
        matches!(self, Self::Off | Self::Off10)
    }

    /// The scenario of the floor with which this one is compared.
    pub const fn of_floor(self) -> Self {
        match self {
            Self::Zap10Serde => Self::Zap10,
            other => other,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
