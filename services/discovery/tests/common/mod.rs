//! A real etcd in a temporary folder.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test support"
)]

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A running etcd.
pub struct Etcd {
    pub port: u16,
    pub folder: tempfile::TempDir,
    pub server: Child,
}

static PORTS: AtomicU16 = AtomicU16::new(0);

/// A port below the range of outgoing connections; another one at each call, also from tests that run side by side.
fn free_port() -> u16 {
    let start = (std::process::id() as u16).wrapping_mul(7);
    loop {
        let step = PORTS.fetch_add(1, Ordering::Relaxed);
        assert!(step < 16_000, "no free port");
        let port = 15_000 + start.wrapping_add(step.wrapping_mul(41)) % 16_900;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Starts a server over a folder.
pub fn spawn(folder: &std::path::Path, port: u16) -> Child {
    let peer = free_port();
    let url = |port| format!("http://127.0.0.1:{port}");
    Command::new("etcd")
        .args(["--name", "t", "--unsafe-no-fsync", "--initial-cluster"])
        .arg(format!("t={}", url(peer)))
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["--listen-client-urls", &url(port), "--advertise-client-urls", &url(port)])
        .args(["--listen-peer-urls", &url(peer), "--initial-advertise-peer-urls", &url(peer)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Tells the report that `make test` prints whether the checks against a real server ran, or why they could not.
fn report(check: &str, server: &str, outcome: &str) {
    let Some(file) = std::env::var_os("REAL_SERVER_REPORT") else {
        return eprintln!("{check} ({server}): {outcome}");
    };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut file, format!("{check}\t{server}\t{outcome}\n").as_bytes()).unwrap();
}

impl Etcd {
    /// `None`, with a line on stderr, if etcd is not installed.
    pub async fn start() -> Option<Self> {
        if Command::new("etcd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            report("register, resolve, watch", "etcd", "etcd is not installed (make servers)");
            return None;
        }
        for _ in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let etcd = Self { server: spawn(folder.path(), port), port, folder };
            if etcd.answers().await {
                report("register, resolve, watch", "etcd", "ran");
                return Some(etcd);
            }
        }
        panic!("etcd does not start");
    }

    pub async fn answers(&self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(15);
        while Instant::now() < deadline {
            if self.ctl(&["get", "x"]).is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Output of etcdctl, if it succeeds.
    pub fn ctl(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .arg(format!("--endpoints=127.0.0.1:{}", self.port))
            .arg("--dial-timeout=1s")
            .args(arguments)
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    pub fn target(&self, key: &str) -> String {
        format!("etcd://127.0.0.1:{}/{key}", self.port)
    }

    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
