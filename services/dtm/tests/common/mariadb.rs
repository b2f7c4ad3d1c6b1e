//! One MariaDB for the test process, in a temporary folder, gone when the process is.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test support"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, MySqlPool};
use tokio::sync::OnceCell;

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

pub struct Server {
    pub port: u16,
    // The shell that holds the server; its stdin closes with this process, and then it stops the server and removes the folder.
    _shell: Child,
}

/// The server, or `None` with a line on stderr if MariaDB is not installed.
pub async fn server() -> Option<&'static Server> {
    SERVER.get_or_init(start).await.as_ref()
}

impl Server {
    fn options(&self) -> MySqlConnectOptions {
        MySqlConnectOptions::new().host("127.0.0.1").port(self.port).username("root")
    }

    pub async fn pool(&self, database: &str) -> MySqlPool {
        MySqlPoolOptions::new().max_connections(8).connect_with(self.options().database(database)).await.unwrap()
    }

    /// A new database.
    pub async fn database(&self) -> String {
        let name = format!("t_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let pool = self.pool("mysql").await;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} DEFAULT CHARACTER SET utf8mb4")))
            .execute(&pool)
            .await
            .unwrap();
        name
    }
}

/// Tells the report that `make test` prints whether the checks against a real server ran, or why they could not.
pub fn report(check: &str, server: &str, outcome: &str) {
    let Some(file) = std::env::var_os("REAL_SERVER_REPORT") else {
        return eprintln!("{check} ({server}): {outcome}");
    };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut file, format!("{check}\t{server}\t{outcome}\n").as_bytes()).unwrap();
}

async fn start() -> Option<Server> {
    let installed =
        Command::new("mariadbd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !installed {
        report("barrier and store", "mariadb", "mariadbd is not installed (make servers)");
        return None;
    }
    for attempt in 1..=3 {
        match try_start().await {
            Ok(server) => {
                report("barrier and store", "mariadb", "ran");
                return Some(server);
            }
            Err(error) => eprintln!("MariaDB, attempt {attempt}: {error}"),
        }
    }
    panic!("MariaDB does not start");
}

async fn try_start() -> Result<Server, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?.keep();
    let data = folder.join("data");
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let user: &[&str] = if root { &["--user=root"] } else { &[] };
    let install = Command::new("mariadb-install-db")
        .args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=8M",
        ])
        .arg(format!("--datadir={}", data.display()))
        .args(user)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| e.to_string())?;
    if !install.success() {
        return Err(format!("mariadb-install-db: {install}"));
    }
    let port = free_port();
    let shell = Command::new("sh")
        .args(["-c", r#"folder=$1; shift; mariadbd "$@" >/dev/null 2>&1 & pid=$!; read -r _; kill -TERM $pid; wait $pid; rm -rf "$folder""#, "sh"])
        .arg(&folder)
        .args(server_arguments(&folder, port))
        .args(user)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let server = Server { port, _shell: shell };
    let deadline = Instant::now() + Duration::from_secs(15);
    while Instant::now() < deadline {
        let options = MySqlPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
        if options.connect_with(server.options()).await.is_ok() {
            return Ok(server);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("no answer within 15 s".into())
}

fn server_arguments(folder: &Path, port: u16) -> Vec<String> {
    let path = folder.display();
    [
        "--no-defaults".to_owned(),
        format!("--datadir={path}/data"),
        format!("--socket={path}/s"),
        format!("--pid-file={path}/pid"),
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--skip-name-resolve".to_owned(),
        "--character-set-server=utf8mb4".to_owned(),
        "--collation-server=utf8mb4_unicode_ci".to_owned(),
        "--innodb-log-file-size=8M".to_owned(),
        "--innodb-buffer-pool-size=32M".to_owned(),
        "--innodb-flush-log-at-trx-commit=1".to_owned(),
        "--performance-schema=OFF".to_owned(),
    ]
    .into()
}

static PORTS: AtomicU16 = AtomicU16::new(0);

/// A port below the range from which the system takes those of outgoing connections; another one at each call.
pub fn free_port() -> u16 {
    let start = std::process::id() as u16;
    loop {
        let step = PORTS.fetch_add(1, Ordering::Relaxed);
        assert!(step < 16_000, "no free port");
        let port = 15_000 + start.wrapping_add(step.wrapping_mul(37)) % 16_900;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
