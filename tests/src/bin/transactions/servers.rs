//! The coordinators that are measured, each as a process of its own in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tests::program::{Running, eventually};
use tests::servers::{MariaDb, find};
use tests::{http, ports};

/// How long a coordinator may take to answer.
const READY: Duration = Duration::from_secs(20);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(20);

/// A coordinator that answers.
#[derive(Debug)]
pub(crate) struct Server {
    /// Its HTTP port.
    pub(crate) http: u16,
    /// Its gRPC port.
    pub(crate) grpc: u16,
    /// When its process was started.
    pub(crate) started: Instant,
    running: Running,
    _dir: TempDir,
}

/// Where a coordinator keeps its sagas.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// One SQLite file.
    Sqlite(PathBuf),
    /// A database of the MariaDB server on this port.
    MariaDb(u16, &'static str),
}

impl Server {
    /// Starts ours.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn ours(program: &Path, store: &Store) -> Result<Self> {
        let store = match store {
            Store::Sqlite(path) => format!("Driver: sqlite\n  Path: {}", path.display()),
            Store::MariaDb(port, db) => {
                format!("Driver: mysql\n  Host: 127.0.0.1\n  Port: {port}\n  User: root\n  Db: {db}")
            }
        };
        let (dir, [http, grpc]) = (tempfile::tempdir()?, ports::free()?);
        let yaml = format!("HttpPort: {http}\nGrpcPort: {grpc}\nLogLevel: error\nStore:\n  {store}\n");
        fs::write(dir.path().join("dtm-lite.yaml"), yaml)?;
        let mut command = Command::new(program);
        command.args(["-f", "dtm-lite.yaml"]).current_dir(dir.path());
        Self::start(&mut command, http, grpc, dir)
    }

    /// Starts a dtm; without a store it takes its default, boltdb.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub(crate) fn dtm(store: Option<&Store>, sync: bool) -> Result<Self> {
        let (dir, [http, grpc, json]) = (tempfile::tempdir()?, ports::free()?);
        let mut command = Command::new(find("dtm").context("dtm is not installed")?);
        command
            .current_dir(dir.path())
            .env("LOG_LEVEL", "error")
            .env("UPDATE_BRANCH_SYNC", if sync { "1" } else { "0" });
        for (key, port) in [("HTTP_PORT", http), ("GRPC_PORT", grpc), ("JSON_RPC_PORT", json)] {
            command.env(key, port.to_string());
        }
        if let Some(Store::MariaDb(port, db)) = store {
            command.env("STORE_PORT", port.to_string());
            for (key, value) in
                [("DRIVER", "mysql"), ("HOST", "127.0.0.1"), ("USER", "root"), ("PASSWORD", ""), ("DB", db)]
            {
                command.env(format!("STORE_{key}"), value);
            }
        }
        Self::start(&mut command, http, grpc, dir)
    }

    fn start(command: &mut Command, http: u16, grpc: u16, dir: TempDir) -> Result<Self> {
        let started = Instant::now();
        let mut server = Self { http, grpc, started, running: Running::spawn(command)?, _dir: dir };
        let mut ended = false;
        eventually("the coordinator answers", READY, || {
            ended = server.running.has_ended();
            (ended || http::get(http, "/api/dtmsvr/version").is_ok_and(|reply| reply.status == 200)).then_some(())
        })?;
        if ended {
            bail!("the coordinator ended: {}{}", server.running.stderr(), server.running.stdout());
        }
        Ok(server)
    }

    /// Stops it in an orderly way.
    ///
    /// # Errors
    /// It does not stop.
    pub(crate) fn stop(self) -> Result<()> {
        self.running.stop(STOP).map(drop)
    }

    /// Kills it.
    ///
    /// # Errors
    /// It cannot be killed.
    pub(crate) fn kill(self) -> Result<()> {
        self.running.kill().map(drop)
    }

    /// The memory that is resident now, and the most that ever was, in MiB. Where the system does not tell, none.
    pub(crate) fn memory(&self) -> Option<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.running.id())).ok()?;
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1024.0)
        };
        Some((of("VmRSS:")?, of("VmHWM:")?))
    }
}

/// A MariaDB as its own defaults have it, every commit on disk; `None` if it is not installed.
///
/// # Errors
/// It does not start.
pub(crate) fn mariadb() -> Result<Option<MariaDb>> {
    if ["mariadbd", "mariadb-install-db", "mariadb"].iter().any(|program| find(program).is_none()) {
        return Ok(None);
    }
    let defaults = ["--innodb-log-file-size=96M", "--innodb-buffer-pool-size=128M", "--max-connections=2000"];
    MariaDb::start_with(&defaults).map(Some)
}
