//! A program as a child process: both streams read, every wait with a deadline, ended by its own id.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a condition is looked at again.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until `done` gives something, at most `limit`.
///
/// # Errors
/// The limit is over; the error names `what`.
pub fn eventually<T>(what: &str, limit: Duration, mut done: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = done() {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("{what}: not within {limit:?}");
        }
        thread::sleep(LOOK);
    }
}

/// What a program said, and how it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

#[derive(Clone, Debug, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn read(&self, mut from: impl Read + Send + 'static) -> JoinHandle<()> {
        let to = self.clone();
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                to.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    stdout: Stream,
    stderr: Stream,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a program in a folder.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &Path, args: &[&str], dir: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(args).current_dir(dir);
        Self::spawn(&mut command)
    }

    /// Starts a command with both streams read.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let (stdout, stderr) = (Stream::default(), Stream::default());
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|from| stdout.read(from)));
        readers.extend(child.stderr.take().map(|from| stderr.read(from)));
        Ok(Self { name, child, stdout, stderr, readers })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stdout up to now.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to stderr up to now.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Asks it to stop (SIGTERM) and waits for the end.
    ///
    /// # Errors
    /// It is not gone within `limit`.
    pub fn stop(self, limit: Duration) -> Result<Ended> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status()?;
        anyhow::ensure!(sent.success(), "{} was not there any more: {}", self.name, self.stderr());
        self.wait(limit)
    }

    /// Ends it at once (SIGKILL).
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn kill(mut self) -> Result<Ended> {
        self.child.kill()?;
        self.wait(Duration::from_secs(5))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It is not gone within `limit`; then it is killed.
    pub fn wait(mut self, limit: Duration) -> Result<Ended> {
        let what = format!("{} ends", self.name);
        let status = eventually(&what, limit, || self.child.try_wait().ok().flatten())
            .with_context(|| format!("its last lines: {}{}", tail(&self.stdout()), tail(&self.stderr())))?;
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        Ok(Ended { status, stdout: self.stdout.text(), stderr: self.stderr.text() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
