//! The service programs, built by cargo once for each set of features; the path is the one that cargo reports.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The programs.
const PROGRAMS: [&str; 5] = ["stack", "user-api", "user-rpc", "score-rpc", "dtm-lite"];

/// Which backends are compiled in, and whether a test can end the process at a named step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Features {
    /// What `cargo run` builds: slog.
    Default,
    /// tracing alone.
    Tracing,
    /// Both.
    Both,
    /// Neither.
    Native,
    /// The default with the coordinator's fail points.
    FailPoints,
}

impl Features {
    /// The backends that `--version` lists.
    #[must_use]
    pub fn backends(self) -> &'static str {
        match self {
            Self::Default | Self::FailPoints => "slog, native",
            Self::Tracing => "tracing, native",
            Self::Both => "slog, tracing, native",
            Self::Native => "native",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Tracing => "tracing",
            Self::Both => "both",
            Self::Native => "native",
            Self::FailPoints => "fail-points",
        }
    }

    fn args(self) -> Vec<String> {
        // Features named for a package: cargo then needs no workspace-wide name.
        let of = |packages: &[&str], feature: &str| {
            packages.iter().flat_map(|p| ["--features".to_owned(), format!("{p}/{feature}")]).collect()
        };
        let bare = vec!["--no-default-features".to_owned()];
        match self {
            Self::Default => Vec::new(),
            Self::Tracing => [bare, of(&PROGRAMS, "tracing")].concat(),
            Self::Both => of(&PROGRAMS, "tracing"),
            Self::Native => bare,
            Self::FailPoints => of(&["stack", "dtm-lite"], "fail-points"),
        }
    }
}

/// Where a program of a set of features is, built if need be.
///
/// # Errors
/// It cannot be built.
pub fn program(name: &str, features: Features) -> Result<PathBuf> {
    static BUILT: Mutex<BTreeMap<Features, BTreeMap<String, PathBuf>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = match built.entry(features) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(free) => free.insert(build(features)?),
    };
    programs.get(name).cloned().with_context(|| format!("cargo reported no program {name}"))
}

/// Where the inspector of logs is, built if need be.
///
/// # Errors
/// It cannot be built.
pub fn inspector() -> Result<PathBuf> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = &*built {
        return Ok(path.clone());
    }
    let args = ["-p", "logx", "--features", "cli", "--bin", "logx"].map(str::to_owned);
    let path = cargo_build(&args, "inspector")?.remove("logx").context("cargo reported no program logx")?;
    *built = Some(path.clone());
    Ok(path)
}

fn build(features: Features) -> Result<BTreeMap<String, PathBuf>> {
    let mut args = vec!["--bins".to_owned()];
    args.extend(PROGRAMS.iter().flat_map(|name| ["-p".to_owned(), (*name).to_owned()]));
    args.extend(features.args());
    cargo_build(&args, features.folder())
}

/// Builds and keeps a copy of each program: the next set of features has the same paths.
fn cargo_build(args: &[String], folder: &str) -> Result<BTreeMap<String, PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no root")?;
    let target = root.join("target");
    let kept = target.join("programs").join(folder);
    fs::create_dir_all(&kept)?;
    // One process at a time, from the build to the copy.
    let lock = File::create(target.join("programs/lock"))?;
    lock.lock()?;
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args(["build", "--locked", "--quiet", "--message-format=json-render-diagnostics"])
        .args(args);
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    let mut programs = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let (Some(path), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str()) else {
            continue;
        };
        programs.insert(name.to_owned(), keep(Path::new(path), &kept.join(name))?);
    }
    Ok(programs)
}

/// A program that runs keeps its file: the new copy takes the name only.
fn keep(from: &Path, to: &Path) -> Result<PathBuf> {
    let new = to.with_extension("new");
    let _ = fs::remove_file(&new);
    fs::hard_link(from, &new).or_else(|_| fs::copy(from, &new).map(drop))?;
    fs::rename(&new, to)?;
    Ok(to.to_owned())
}
