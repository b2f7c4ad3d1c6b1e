//! The system beside the real servers that it is made for. A server that is not there is a skip with its name in `make test`'s last lines.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::build::Features;
use tests::program::eventually;
use tests::servers::{self, MariaDb, Prometheus};
use tests::system::{Shape, System};

/// Prometheus takes its first sample some seconds after its start.
const SCRAPE: Duration = Duration::from_secs(60);

fn users_and_points_in_mariadb() -> Result<()> {
    let db = MariaDb::start()?;
    db.sql("CREATE DATABASE users; CREATE DATABASE scores;")?;
    let source = |name: &str| format!("root:@tcp(127.0.0.1:{})/{name}", db.port);
    let edits = [("sqlite://data/user.db", &*source("users")), ("sqlite://data/score.db", &*source("scores"))];
    let system = System::start_edited(Shape::Stack, Features::Default, &edits)?;
    let good = system.register("Ada", Some("WELCOME"), &[])?;
    ensure!(good.status == 200, "{good:?}");
    let id = good.json()?["data"]["id"].clone();
    let refused = system.register("Bea", Some("NOBODY"), &[])?;
    ensure!(refused.status == 409, "{refused:?}");
    let user = system.user(id.as_str().unwrap_or_default())?;
    ensure!(user.json()?["data"]["score"] == json!(50), "{user:?}");
    let (users, scores) =
        (db.sql("SELECT id FROM users.user")?, db.sql("SELECT user_id, score FROM scores.user_score")?);
    let id = id.as_str().unwrap_or_default();
    ensure!(users == format!("{id}\n") && scores == format!("{id}\t50\n"), "{users}{scores}");
    // Two branches that were called, and one that was compensated.
    let barriers = db.sql("SELECT count(*) FROM dtm_barrier.barrier")?;
    ensure!(barriers.trim().parse::<u32>()? >= 3, "{barriers}");
    system.stop()?;
    Ok(())
}

#[test]
fn the_system_runs_on_mariadb() {
    let programs = ["mariadbd", "mariadb-install-db", "mariadb"];
    servers::check("the system on MariaDB", "mariadb", &programs, users_and_points_in_mariadb)
        .unwrap_or_else(|e| panic!("{e:?}"));
}

fn prometheus_scrapes_both_targets() -> Result<()> {
    let system = System::start(Shape::Stack, Features::Default)?;
    for name in ["Ada", "Bea"] {
        ensure!(system.register(name, None, &[])?.status == 200);
    }
    ensure!(system.register("Cleo", Some("NOBODY"), &[])?.status == 409);
    let ports = system.ports;
    let at = |port: u16| format!("127.0.0.1:{port}");
    // Nothing of the shipped files changes but host and port, and the interval: a test is not to wait 15 s.
    let edits = [
        ("host.docker.internal:9081", &*at(ports.api_metrics)),
        ("host.docker.internal:9091", &*at(ports.user_metrics)),
        ("scrape_interval: 15s", "scrape_interval: 1s"),
    ];
    let prometheus = Prometheus::start(&edits)?;
    let up = |job: &str| {
        eventually(&format!("{job} is up"), SCRAPE, || {
            let series = prometheus.query(&format!("up{{job=\"{job}\"}}")).ok()?;
            series.iter().any(|(_, value)| *value == 1.0).then_some(())
        })
    };
    up("user-api")?;
    up("user-rpc")?;
    for (query, want) in [
        (r#"sum(http_server_requests_code_total{path="/register",method="POST",code="200"})"#, 2.0),
        (r#"sum(http_server_requests_code_total{path="/register",code="409"})"#, 1.0),
        (r#"sum(http_server_requests_duration_ms_count{path="/register",job="user-api"})"#, 3.0),
        (r#"sum(rpc_server_requests_code_total{method="/user.User/saveUser",app="user-rpc"})"#, 3.0),
    ] {
        let got = prometheus.query(query)?;
        ensure!(got.len() == 1 && got[0].1 == want, "{query}: {got:?}, not {want}");
    }
    // What the dashboards ask that people have for go-zero services; a rate needs two samples.
    for query in [
        r#"sum(rate(http_server_requests_duration_ms_count{app="user-api"}[5m])) by (path)"#,
        r#"sum(rate(http_server_requests_code_total{app="user-api"}[5m])) by (code)"#,
        r#"histogram_quantile(0.99, sum(rate(http_server_requests_duration_ms_bucket{app="user-api"}[5m])) by (le))"#,
        r#"sum(rate(rpc_server_requests_duration_ms_count{app="user-rpc"}[5m])) by (method)"#,
        r#"sum(rate(rpc_server_requests_code_total{app="user-rpc"}[5m])) by (code)"#,
        r#"histogram_quantile(0.99, sum(rate(rpc_server_requests_duration_ms_bucket{app="user-rpc"}[5m])) by (le, method))"#,
        r#"sum(rate(rpc_client_requests_code_total{app="user-api"}[5m])) by (method, code)"#,
        r#"sum(rate(sql_client_requests_duration_ms_count{app="user-rpc"}[5m])) by (command)"#,
        r#"sum(rate(log_lines_total{app="user-api"}[5m])) by (kind)"#,
        r#"process_resident_memory_bytes{job="user-api"}"#,
    ] {
        eventually(query, SCRAPE, || prometheus.query(query).ok().filter(|series| !series.is_empty()))?;
    }
    system.stop()?;
    Ok(())
}

#[test]
fn prometheus_takes_go_zeros_metrics_from_both_targets() {
    let check = prometheus_scrapes_both_targets;
    servers::check("Prometheus scrapes the shipped targets", "prometheus", &["prometheus"], check)
        .unwrap_or_else(|e| panic!("{e:?}"));
}
