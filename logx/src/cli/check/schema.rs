//! `--schema`: a file that `--learn` wrote, or any other JSON Schema.

use jsonschema::Validator;
use serde_json::Value;

use super::finding::Place;
use super::learn::{Learned, Site};
use crate::cli::error::CliError;

/// A schema for lines.
#[derive(Debug)]
pub(crate) enum Schema {
    /// Written by `--learn`: checked while the line is read, without building values.
    Learned(Box<Learned>),
    /// Any other JSON Schema.
    Any(Box<Validator>),
}

/// What in the line breaks the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// What is wrong, with the path of the value.
    pub message: String,
}

/// At most this many breaches are reported of one line.
const PER_LINE: usize = 8;

impl Schema {
    /// Reads a schema file.
    ///
    /// # Errors
    /// When it cannot be read, is not JSON or is no valid JSON Schema. References to other files or hosts are not
    /// followed, they are errors too.
    pub(crate) fn read(file: &str) -> Result<Self, CliError> {
        let text = std::fs::read(file).map_err(|e| CliError::file(file, e))?;
        let value: Value = serde_json::from_slice(&text).map_err(|e| CliError::content(file, &e))?;
        if let Some(learned) = Learned::from_schema(&value) {
            return learned.map(|l| Self::Learned(Box::new(l))).map_err(|e| CliError::content(file, &e));
        }
        let validator = jsonschema::validator_for(&value).map_err(|e| {
            let place = e.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
            CliError::content(file, &format!("no valid JSON Schema{place}: {e}"))
        })?;
        Ok(Self::Any(Box::new(validator)))
    }

    /// What in a line, already found to be one object, breaks the schema; without values of the line if it is withheld.
    pub(crate) fn breaches(&self, line: &Place<'_>, caller: Option<&str>, level: Option<&str>) -> Vec<Breach> {
        match self {
            Self::Learned(learned) => {
                let site = Site::of(learned.by(), caller, level);
                let found = learned.breaches(&site, line.bytes, PER_LINE);
                found.into_iter().map(|message| Breach { message }).collect()
            }
            Self::Any(validator) => match serde_json::from_slice::<Value>(line.bytes) {
                Ok(value) => validator.iter_errors(&value).take(PER_LINE).map(|e| breach(&e, line.withheld)).collect(),
                // Cannot come from a line that the scanner accepted; said rather than passed over.
                Err(e) => vec![Breach { message: e.to_string() }],
            },
        }
    }
}

fn breach(error: &jsonschema::ValidationError<'_>, withheld: bool) -> Breach {
    let path = error.instance_path().to_string();
    let text = if withheld { error.masked().to_string() } else { error.to_string() };
    let text = crate::cli::excerpt::clip(text.as_bytes(), 2 * crate::cli::excerpt::EXCERPT);
    Breach { message: if path.is_empty() { text } else { format!("{path}: {text}") } }
}
