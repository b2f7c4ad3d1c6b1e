//! A real dtm server and a real etcd, to stand in the place of ours or beside it.

use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::http;
use crate::ports;
use crate::program::Running;
use crate::servers::{command, find, start, until_ready};
use crate::system::Ports;

/// An etcd server.
#[derive(Debug)]
pub struct Etcd {
    /// Where it listens.
    pub port: u16,
    peer: u16,
    running: Option<Running>,
    dir: TempDir,
}

impl Etcd {
    /// Starts an empty one.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start() -> Result<Self> {
        start("etcd", || {
            let [port, peer] = ports::free()?;
            let mut etcd = Self { port, peer, running: None, dir: tempfile::tempdir()? };
            etcd.go_on()?;
            Ok(etcd)
        })
    }

    /// Starts it again over its folder, on its ports.
    ///
    /// # Errors
    /// It does not start.
    pub fn go_on(&mut self) -> Result<()> {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let (client, peer) = (url(self.port), url(self.peer));
        let mut server = command("etcd")?;
        server.args(["--name", "t", "--unsafe-no-fsync", "--initial-cluster", &format!("t={peer}")]);
        server.arg("--data-dir").arg(self.dir.path().join("data"));
        server.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        server.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        let mut running = Running::spawn(&mut server)?;
        until_ready("etcd answers", &mut running, || {
            http::get(self.port, "/health").is_ok_and(|reply| reply.status == 200)
        })?;
        self.running = Some(running);
        Ok(())
    }

    /// Ends it at once (SIGKILL); its data stay.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> Result<()> {
        self.running.take().context("etcd does not run")?.kill().map(drop)
    }

    /// Forgets everything, while it does not run.
    ///
    /// # Errors
    /// Its folder cannot be removed.
    pub fn forget(&self) -> Result<()> {
        Ok(std::fs::remove_dir_all(self.dir.path().join("data"))?)
    }

    /// The values under a key's prefix, one a line, with their keys.
    ///
    /// # Errors
    /// It does not answer.
    pub fn entries(&self, prefix: &str) -> Result<String> {
        let output = command("etcdctl")?
            .env("ETCDCTL_API", "3")
            .args([&format!("--endpoints=127.0.0.1:{}", self.port), "--dial-timeout=1s", "get", "--prefix", prefix])
            .output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// What has to change in the shipped files so that every party is found through etcd. An address that is not used any more ends in a comment.
#[must_use]
pub fn through_etcd(etcd: &Etcd) -> Vec<(String, String)> {
    let host = format!("127.0.0.1:{}", etcd.port);
    let registered = |key: &str| format!("Etcd:\n  Hosts:\n    - {host}\n  Key: {key}\n");
    let found = |key: &str| format!("  Etcd:\n    Hosts:\n      - {host}\n    Key: {key}\n  # ");
    let shipped_registration =
        "# MicroService:\n#   Driver: dtm-driver-gozero\n#   Target: etcd://127.0.0.1:2379/dtmservice\n#   EndPoint: ";
    [
        ("Name: user-rpc\n", format!("Name: user-rpc\n{}", registered("user.rpc"))),
        ("Name: score-rpc\n", format!("Name: score-rpc\n{}", registered("score.rpc"))),
        ("UserRpc:\n  Endpoints:\n    - ", format!("UserRpc:\n{}", found("user.rpc"))),
        ("UserScoreRpc:\n  Endpoints:\n    - ", format!("UserScoreRpc:\n{}", found("score.rpc"))),
        ("  Server: direct:///", format!("  Server: etcd://{host}/dtmservice # ")),
        (
            shipped_registration,
            format!("MicroService:\n  Driver: dtm-driver-gozero\n  Target: etcd://{host}/dtmservice\n  EndPoint: "),
        ),
    ]
    .map(|(from, to)| (from.to_owned(), to))
    .into()
}

/// A real dtm server on the ports of a system's coordinator.
#[derive(Debug)]
pub struct RealDtm {
    _running: Running,
    _dir: TempDir,
}

impl RealDtm {
    /// Starts one with settings from the environment, under dtm's names.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start(at: &Ports, settings: &[(&str, String)]) -> Result<Self> {
        start("dtm", || {
            let dir = tempfile::tempdir()?;
            let mut server = Command::new(find("dtm").context("dtm is not installed")?);
            server.current_dir(dir.path()).env("UPDATE_BRANCH_SYNC", "1").env("LOG_LEVEL", "error");
            server.env("HTTP_PORT", at.dtm_http.to_string()).env("GRPC_PORT", at.dtm_grpc.to_string());
            server.envs(settings.iter().map(|(key, value)| (*key, value)));
            let mut running = Running::spawn(&mut server)?;
            until_ready("dtm answers", &mut running, || {
                TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, at.dtm_grpc).into(), Duration::from_secs(1)).is_ok()
                    && http::get(at.dtm_http, "/api/dtmsvr/version").is_ok_and(|reply| reply.status == 200)
            })?;
            Ok(Self { _running: running, _dir: dir })
        })
    }
}
