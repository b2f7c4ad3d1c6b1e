//! What can go wrong, by boundary.

use std::fmt;
use std::io;

/// Why a writer did not write a line.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The writer was closed; logx hands the line to the present writer instead.
    Closed,
    /// The sink reported an error.
    Io(io::Error),
    /// Something else, said in words.
    Other(Box<str>),
    /// Several writers of one combination failed.
    Many(Vec<WriteError>),
}

impl WriteError {
    /// An error said in words.
    pub fn other(text: impl Into<Box<str>>) -> Self {
        Self::Other(text.into())
    }

    /// Nothing for no errors, the error itself for one, all of them otherwise.
    pub(crate) fn join(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Many(errors)),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the writer is closed"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Other(text) => f.write_str(text),
            Self::Many(errors) => {
                for (i, error) in errors.iter().enumerate() {
                    write!(f, "{}{error}", if i > 0 { "; " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why logging could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetUpError {
    /// Logging is set up already; a second configuration would silently differ from the first.
    AlreadySetUp,
    /// A key of the configuration has a value that is not allowed.
    Invalid {
        /// go-zero's name of the key.
        key: &'static str,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A log file or directory could not be opened.
    Open {
        /// The path.
        path: std::path::PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl fmt::Display for SetUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadySetUp => f.write_str("logging is set up already"),
            Self::Invalid { key, found, allowed } => write!(f, "{key}: found {found:?}, allowed: {allowed}"),
            Self::Open { path, source } => write!(f, "cannot open {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for SetUpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { source, .. } => Some(source),
            _ => None,
        }
    }
}
