//! What ends a command with status 2.

use std::io;

use super::expr::ExprError;

/// An option, file or expression that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A file named by an option cannot be read or written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A file named by an option does not say what it should.
    #[error("{file}: {problem}")]
    Content {
        /// The file.
        file: String,
        /// What is wrong, with the place where it is known.
        problem: String,
    },
    /// An expression does not compile.
    #[error("{option}: {source}")]
    Expression {
        /// The option or the place in the rules file.
        option: String,
        /// Why.
        source: ExprError,
    },
    /// An option's value is wrong.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: String,
        /// What is wrong.
        problem: String,
    },
    /// The output cannot be written.
    #[error("output: {0}")]
    Output(io::Error),
}

impl CliError {
    /// An error of reading or writing `file`.
    pub(crate) fn file(file: &str, source: io::Error) -> Self {
        Self::File { file: file.to_owned(), source }
    }

    /// What `file` says is wrong.
    pub(crate) fn content(file: &str, problem: &dyn std::fmt::Display) -> Self {
        Self::Content { file: file.to_owned(), problem: problem.to_string() }
    }

    /// The value of `option` is wrong.
    pub(crate) fn option(option: &str, problem: &dyn std::fmt::Display) -> Self {
        Self::Option { option: option.to_owned(), problem: problem.to_string() }
    }
}
