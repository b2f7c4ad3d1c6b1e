//! A real dtm server in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dtm::DtmClient;

use super::mariadb;

/// The dtm server from the search path or from where Go installs; `None`, told to the report under the check's name, if there is none.
pub fn program(check: &str) -> Option<PathBuf> {
    let go = std::env::home_dir().unwrap_or_default().join("go/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([go]).map(|folder| folder.join("dtm")).find(|file| file.is_file());
    let outcome = if found.is_some() { "ran" } else { "no dtm server is installed (make servers)" };
    mariadb::report(check, "dtm", outcome);
    found
}

/// A running dtm.
pub struct RealDtm {
    child: Child,
    pub grpc: u16,
    pub http: u16,
}

/// dtm's settings for its store in a schema of a MariaDB server.
pub fn on_mariadb(server: &mariadb::Server, schema: &str) -> Vec<(&'static str, String)> {
    vec![
        ("STORE_DRIVER", "mysql".to_owned()),
        ("STORE_HOST", "127.0.0.1".to_owned()),
        ("STORE_PORT", server.port.to_string()),
        ("STORE_USER", "root".to_owned()),
        ("STORE_PASSWORD", String::new()),
        ("STORE_DB", schema.to_owned()),
    ]
}

impl RealDtm {
    /// Starts one with settings from the environment, anew if it does not answer: another process may have taken a port.
    pub async fn start(program: &Path, folder: &Path, settings: &[(&str, String)]) -> Self {
        for _ in 0..3 {
            if let Some(dtm) = Self::attempt(program, folder, settings).await {
                return dtm;
            }
        }
        panic!("dtm does not start");
    }

    async fn attempt(program: &Path, folder: &Path, settings: &[(&str, String)]) -> Option<Self> {
        let (grpc, http) = (mariadb::free_port(), mariadb::free_port());
        let child = Command::new(program)
            .current_dir(folder)
            .env("HTTP_PORT", http.to_string())
            .env("GRPC_PORT", grpc.to_string())
            .env("UPDATE_BRANCH_SYNC", "1")
            .env("LOG_LEVEL", "error")
            .envs(settings.iter().map(|(key, value)| (*key, value.replace("{grpc}", &grpc.to_string()))))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut dtm = Self { child, grpc, http };
        let client = dtm.client();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && dtm.child.try_wait().unwrap().is_none() {
            if client.new_gid().await.is_ok() && client.status("x").await.is_ok() {
                return Some(dtm);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    pub fn client(&self) -> DtmClient {
        DtmClient::new(&format!("127.0.0.1:{}", self.grpc), Some(&format!("http://127.0.0.1:{}", self.http))).unwrap()
    }
}

impl Drop for RealDtm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
