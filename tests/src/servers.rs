//! Real servers for the tests, each in a folder of its own on free ports, with a deadline and a second try.
//!
//! A check that needs one says so to the report that `make test` prints at its end: that it ran, or why it could not.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::http;
use crate::ports;
use crate::program::{Running, eventually};

/// How long a server may take to answer.
const READY: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 3;

/// Where a server's program is: on the path, in the system's server folder, or where Go installs.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").unwrap_or_default();
    let go = std::env::var_os("GOPATH").map_or_else(|| Path::new(&home).join("go"), PathBuf::from);
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let go = std::env::var_os("GOBIN").map(PathBuf::from).into_iter().chain([go.join("bin")]);
    std::env::split_paths(&path).chain(system).chain(go).map(|dir| dir.join(name)).find(|p| p.is_file())
}

/// Runs a check that needs real programs, or reports that it was skipped. Whether it ran.
///
/// # Errors
/// What the check reports.
pub fn check(name: &str, server: &str, programs: &[&str], check: impl FnOnce() -> Result<()>) -> Result<bool> {
    if let Some(missing) = programs.iter().find(|program| find(program).is_none()) {
        report(name, server, &format!("{missing} is not installed (make servers)"))?;
        return Ok(false);
    }
    check()?;
    report(name, server, "ran")?;
    Ok(true)
}

fn report(check: &str, server: &str, outcome: &str) -> Result<()> {
    let Some(file) = std::env::var_os("REAL_SERVER_REPORT") else {
        writeln!(std::io::stderr(), "{check} ({server}): {outcome}")?;
        return Ok(());
    };
    let line = format!("{check}\t{server}\t{outcome}\n");
    Ok(OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())?)
}

pub(crate) fn command(name: &str) -> Result<Command> {
    Ok(Command::new(find(name).with_context(|| format!("{name} is not installed"))?))
}

/// Starts a server until it is ready, anew if it ends early: another process may have taken its port.
pub(crate) fn start<T>(what: &str, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match attempt() {
            Ok(server) => return Ok(server),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt"))).context(what.to_owned())
}

pub(crate) fn until_ready(what: &str, running: &mut Running, mut ready: impl FnMut() -> bool) -> Result<()> {
    let mut ended = false;
    eventually(what, READY, || {
        ended = running.has_ended();
        (ended || ready()).then_some(())
    })?;
    ensure!(!ended, "{what}: it ended: {}", running.stderr());
    Ok(())
}

/// A MariaDB server with user root and no password.
#[derive(Debug)]
pub struct MariaDb {
    /// Where it listens.
    pub port: u16,
    arguments: Vec<String>,
    running: Option<Running>,
    dir: TempDir,
}

impl MariaDb {
    /// Starts an empty one.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts an empty one with further arguments, which win over the usual ones.
    ///
    /// # Errors
    /// As [`MariaDb::start`].
    pub fn start_with(arguments: &[&str]) -> Result<Self> {
        start("MariaDB", || {
            let dir = tempfile::tempdir()?;
            let data = format!("--datadir={}", dir.path().join("data").display());
            let mut install = command("mariadb-install-db")?;
            install.args(["--no-defaults", &data, "--auth-root-authentication-method=normal", "--skip-test-db"]);
            install.args(["--skip-name-resolve", "--innodb-log-file-size=8M", "--user=root"]);
            let installed = install.output()?;
            ensure!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
            let [port] = ports::free()?;
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let mut db = Self { port, arguments, running: None, dir };
            db.go_on()?;
            Ok(db)
        })
    }

    /// Starts it again over its folder, on its port.
    ///
    /// # Errors
    /// It does not start.
    pub fn go_on(&mut self) -> Result<()> {
        let (dir, port) = (self.dir.path(), self.port);
        let data = format!("--datadir={}", dir.join("data").display());
        let mut server = command("mariadbd")?;
        server.args(["--no-defaults", &data, "--bind-address=127.0.0.1", "--skip-name-resolve", "--user=root"]);
        server.arg(format!("--port={port}")).arg(format!("--socket={}", dir.join("s").display()));
        server.arg(format!("--pid-file={}", dir.join("pid").display()));
        server.args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci"]);
        server.args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M", "--performance-schema=OFF"]);
        server.arg("--innodb-flush-log-at-trx-commit=1").args(&self.arguments);
        let mut running = Running::spawn(&mut server)?;
        let socket = self.socket();
        until_ready("MariaDB answers", &mut running, || sql(&socket, "SELECT 1").is_ok())?;
        self.running = Some(running);
        Ok(())
    }

    /// Ends it at once (SIGKILL); its data stay.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> Result<()> {
        self.running.take().context("MariaDB does not run")?.kill().map(drop)
    }

    fn socket(&self) -> String {
        format!("--socket={}", self.dir.path().join("s").display())
    }

    /// Runs statements as root and gives what they print, without headings.
    ///
    /// # Errors
    /// What the server says.
    pub fn sql(&self, statements: &str) -> Result<String> {
        sql(&self.socket(), statements)
    }
}

fn sql(socket: &str, statements: &str) -> Result<String> {
    let output =
        command("mariadb")?.args(["--no-defaults", socket, "-uroot", "-N", "-B", "-e", statements]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A Prometheus server.
#[derive(Debug)]
pub struct Prometheus {
    /// Where it listens.
    pub port: u16,
    _running: Running,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts one with the shipped configuration; `edits` change it and the shipped targets.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start(edits: &[(&str, &str)]) -> Result<Self> {
        start("Prometheus", || {
            let dir = tempfile::tempdir()?;
            let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/deploy");
            for name in ["prometheus.yml", "targets.json", "rules.yml"] {
                let text = fs::read_to_string(shipped.join(name)).with_context(|| name.to_owned())?;
                let text = edits.iter().fold(text, |text, (from, to)| text.replace(from, to));
                fs::write(dir.path().join(name), text)?;
            }
            let [port] = ports::free()?;
            let at = |name: &str| dir.path().join(name).display().to_string();
            let mut server = command("prometheus")?;
            server.current_dir(dir.path()).arg(format!("--config.file={}", at("prometheus.yml")));
            server.arg(format!("--storage.tsdb.path={}", at("tsdb")));
            server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
            server
                .arg(format!("--web.console.templates={}", at("")))
                .arg(format!("--web.console.libraries={}", at("")));
            let mut running = Running::spawn(&mut server)?;
            until_ready("Prometheus is ready", &mut running, || {
                http::get(port, "/-/ready").is_ok_and(|reply| reply.status == 200)
            })?;
            Ok(Self { port, _running: running, _dir: dir })
        })
    }

    /// The result of an instant query: each series' labels and value.
    ///
    /// # Errors
    /// The query is refused.
    pub fn query(&self, query: &str) -> Result<Vec<(serde_json::Value, f64)>> {
        let escaped: String = query.bytes().map(|b| format!("%{b:02X}")).collect();
        let reply = http::get(self.port, &format!("/api/v1/query?query={escaped}"))?;
        ensure!(reply.status == 200, "{query}: {reply:?}");
        let series = reply.json()?["data"]["result"].as_array().cloned().unwrap_or_default();
        let value = |s: &serde_json::Value| s["value"][1].as_str().and_then(|v| v.parse().ok()).unwrap_or(f64::NAN);
        Ok(series.iter().map(|s| (s["metric"].clone(), value(s))).collect())
    }
}
