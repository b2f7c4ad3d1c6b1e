use std::fmt;

/// Why a configuration cannot be used: one line that names the file, the key, what was found and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfError {
    /// The file as it was named, empty when the text came from elsewhere.
    pub file: String,
    /// Path of the key, members joined with dots, as in `Telemetry.Sampler`; empty for the file as a whole.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
}

impl ConfError {
    /// An error at `path`; the loader fills in the file.
    pub fn new(path: impl Into<String>, found: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { file: String::new(), path: path.into(), found: found.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for ConfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "config")?;
        if !self.file.is_empty() {
            write!(f, " file {}", self.file)?;
        }
        if !self.path.is_empty() {
            write!(f, ", key {}", self.path)?;
        }
        write!(f, ": found {}", one_line(&self.found))?;
        if !self.allowed.is_empty() {
            write!(f, ", allowed: {}", one_line(&self.allowed))?;
        }
        Ok(())
    }
}

/// An operator's terminal gets one line, whatever the file holds.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
