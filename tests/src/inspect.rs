//! `logx check` on what the programs printed, with the rules files of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::build;
use crate::program::Ended;

/// What must hold of every run in which nothing is broken.
pub const SERVICES: &str = "services.yaml";
/// What one good registration leaves.
pub const REGISTRATION: &str = "registration.yaml";

/// Where a rules file is, or the schema beside it.
#[must_use]
pub fn rules(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name)
}

/// Writes what a program printed, each stream into a file of its own.
///
/// # Errors
/// The files cannot be written.
pub fn write_streams(dir: &Path, name: &str, ended: &Ended) -> Result<[PathBuf; 2]> {
    let files = ["stdout", "stderr"].map(|stream| dir.join(format!("{name}.{stream}.log")));
    fs::write(&files[0], &ended.stdout)?;
    fs::write(&files[1], &ended.stderr)?;
    Ok(files)
}

/// What the inspector says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Its status: 0 when nothing was found.
    pub status: Option<i32>,
    /// Everything that it printed.
    pub text: String,
}

impl Verdict {
    /// That nothing was found.
    ///
    /// # Errors
    /// Something was; the error holds the findings.
    pub fn fine(&self) -> Result<()> {
        ensure!(self.status == Some(0), "{}", self.text);
        Ok(())
    }
}

/// Runs `logx check` on files.
///
/// # Errors
/// It cannot be built or started.
pub fn check<S: AsRef<str>>(args: &[S], files: &[PathBuf]) -> Result<Verdict> {
    let mut command = Command::new(build::inspector()?);
    let output = command.arg("check").args(args.iter().map(AsRef::as_ref)).args(files).output()?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(Verdict { status: output.status.code(), text })
}

/// Checks both streams of a program against a rules file.
///
/// # Errors
/// Something was found; the error holds the findings.
pub fn keeps(rules_name: &str, name: &str, ended: &Ended) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let files = write_streams(dir.path(), name, ended)?;
    check(&["--rules", &rules(rules_name).display().to_string()], &files)?.fine()
}
