//! One registration is one trace: user-api, the coordinator, the branches and their statements, for a success and for a rollback, through
//! every batcher; read back from a real Jaeger where there is one, and from files in any case.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::build::Features;
use tests::dtm::RealDtm;
use tests::http;
use tests::jaeger::Jaeger;
use tests::ports;
use tests::program::eventually;
use tests::servers;
use tests::system::{Shape, System};
use tests::traces::{self, Span};

const SERVICES: [&str; 4] = ["user-api", "dtm-lite", "user-rpc", "score-rpc"];
/// How long spans may take from their end to a file, and anything else that is waited for.
const ARRIVE: Duration = Duration::from_secs(30);

const SUCCESS: &str = "\
user-api: /register (server)
  user-api: saga register (client)
    dtm-lite: dtm saga (server)
      dtm-lite: user.User/saveUser (client)
        user-rpc: user.User/saveUser (server)
          user-rpc: sql (client)
      dtm-lite: userscore.UserScore/saveUserScore (client)
        score-rpc: userscore.UserScore/saveUserScore (server)
          score-rpc: sql (client)
  user-api: userscore.UserScore/getUserScore (client)
    score-rpc: userscore.UserScore/getUserScore (server)
      score-rpc: sql (client)
";

const ROLLBACK: &str = "\
user-api: /register (server)
  user-api: saga register (client)
    dtm-lite: dtm saga (server, error)
      dtm-lite: user.User/saveUser (client)
        user-rpc: user.User/saveUser (server)
          user-rpc: sql (client)
      dtm-lite: userscore.UserScore/saveUserScore (client, error)
        score-rpc: userscore.UserScore/saveUserScore (server, error)
      dtm-lite: userscore.UserScore/saveUserScoreCallback (client)
        score-rpc: userscore.UserScore/saveUserScoreCallback (server)
      dtm-lite: user.User/saveUserCallback (client)
        user-rpc: user.User/saveUserCallback (server)
          user-rpc: sql (client)
";

type Edits = Vec<(String, String)>;

/// A `Telemetry` block for each of the four programs; `block` makes it from the service's name.
fn edits(block: impl Fn(&str) -> String) -> Edits {
    let with = |name: &str, first: &str| (first.to_owned(), format!("{}\n{first}", block(name)));
    SERVICES
        .iter()
        .map(|name| match *name {
            "dtm-lite" => with(name, "Host: 127.0.0.1\nHttpPort"),
            _ => with(name, &format!("Name: {name}\n")),
        })
        .collect()
}

fn borrowed(edits: &Edits) -> Vec<(&str, &str)> {
    edits.iter().map(|(from, to)| (&**from, &**to)).collect()
}

fn start(edits: &Edits) -> Result<System> {
    System::start_edited(Shape::Split, Features::Default, &borrowed(edits))
}

fn to_files(name: &str) -> String {
    format!("Telemetry: {{Batcher: file, Endpoint: spans-{name}.json}}")
}

/// The spans of a trace that have reached the files in a system's folder.
fn in_files(dir: &Path, trace: &str) -> Result<Vec<Span>> {
    let mut all = Vec::new();
    for name in SERVICES {
        let file = traces::from_file(&dir.join(format!("spans-{name}.json")))?;
        all.extend(file.into_iter().filter(|span| span.trace == trace));
    }
    Ok(all)
}

/// Waits until the files hold a trace of this shape.
fn until_in_files(dir: &Path, trace: &str, want: &str) -> Result<Vec<Span>> {
    let mut last = String::new();
    eventually("the whole trace is in the files", ARRIVE, || {
        let spans = in_files(dir, trace).ok()?;
        last = traces::tree(&spans).unwrap_or_else(|e| e.to_string());
        (last == want).then_some(spans)
    })
    .with_context(|| format!("the tree is {last}, not {want}"))
}

fn trace_of(reply: &http::Reply) -> Result<String> {
    let header = reply.header("traceparent").context("no Traceparent")?;
    Ok(header.split('-').nth(1).context("no trace id")?.to_owned())
}

/// A success and a rollback; their trace ids and gids.
struct Registered {
    success: String,
    rollback: String,
    refused_gid: String,
}

fn register(system: &System) -> Result<Registered> {
    let good = system.register("Ada", None, &[])?;
    ensure!(good.status == 200, "{good:?}");
    let refused = system.register("Bea", Some("NOBODY"), &[])?;
    ensure!(refused.status == 409, "{refused:?}");
    Ok(Registered {
        success: trace_of(&good)?,
        rollback: trace_of(&refused)?,
        refused_gid: refused.json()?["gid"].as_str().context("no gid")?.to_owned(),
    })
}

const WAITED: &str = "\
user-api: /register (server)
  user-api: saga register (client)
    dtm-lite: dtm saga (server)
      dtm-lite: user.User/saveUser (client)
        user-rpc: user.User/saveUser (server)
          user-rpc: sql (client)
      dtm-lite: userscore.UserScore/saveUserScore (client, error)
      dtm-lite: userscore.UserScore/saveUserScore (client)
        score-rpc: userscore.UserScore/saveUserScore (server)
          score-rpc: sql (client)
";

/// It makes no spans itself.
const THROUGH_DTM: &str = "\
user-api: /register (server)
  user-api: saga register (client)
    user-rpc: user.User/saveUser (server)
      user-rpc: sql (client)
    score-rpc: userscore.UserScore/saveUserScore (server)
      score-rpc: sql (client)
  user-api: userscore.UserScore/getUserScore (client)
    score-rpc: userscore.UserScore/getUserScore (server)
      score-rpc: sql (client)
";

/// What the trees do not show.
fn check_attributes(spans: &[Span], gid: &str) -> Result<()> {
    let of = |service: &str, name: &str| {
        let found: Vec<_> = spans.iter().filter(|s| s.service == service && s.name == name).collect();
        ensure!(found.len() == 1, "{} of {service} {name}", found.len());
        Ok(&found[0].tags)
    };
    let saga = of("dtm-lite", "dtm saga")?;
    ensure!(saga["dtm.gid"] == gid && saga["dtm.status"] == "failed", "{saga:?}");
    for (name, branch, op, result, status) in [
        ("user.User/saveUser", "01", "action", "ok", 0),
        ("userscore.UserScore/saveUserScore", "02", "action", "fail", 10),
        ("userscore.UserScore/saveUserScoreCallback", "02", "compensate", "ok", 0),
        ("user.User/saveUserCallback", "01", "compensate", "ok", 0),
    ] {
        let call = of("dtm-lite", name)?;
        let got = ["dtm.gid", "dtm.branch_id", "dtm.op", "dtm.attempt", "dtm.result", "rpc.grpc.status_code"];
        let got = got.map(|key| call.get(key).cloned().unwrap_or_default());
        let want = [json!(gid), json!(branch), json!(op), json!(1), json!(result), json!(status)];
        ensure!(got == want, "{name}: {got:?}, not {want:?}");
    }
    let request = of("user-api", "/register")?;
    ensure!(request["http.route"] == "/register" && request["http.status_code"] == 409, "{request:?}");
    Ok(())
}

fn has_tree(spans: &[Span], want: &str) -> bool {
    traces::tree(spans).is_ok_and(|tree| tree == want)
}

#[test]
fn a_registration_is_one_trace_with_the_sagas_spans() -> Result<()> {
    let system = start(&edits(to_files))?;
    let registered = register(&system)?;
    until_in_files(system.dir(), &registered.success, SUCCESS)?;
    let rollback = until_in_files(system.dir(), &registered.rollback, ROLLBACK)?;
    check_attributes(&rollback, &registered.refused_gid)?;
    system.stop()?;
    Ok(())
}

#[test]
fn a_saga_that_waits_for_a_branch_stays_one_span() -> Result<()> {
    let mut edits = edits(to_files);
    // The coordinator's own pause is ten seconds.
    edits.push(("Dtm:\n".to_owned(), "Dtm:\n  RetryInterval: 1s\n".to_owned()));
    let mut system = start(&edits)?;
    system.take("score-rpc")?.stop(ARRIVE)?;
    let reply = system.register("Ada", None, &[("Prefer", "wait=0")])?;
    ensure!(reply.status == 202, "{reply:?}");
    let gid = reply.json()?["gid"].as_str().context("no gid")?.to_owned();
    // At least one call has failed before there is somebody to answer.
    eventually("the branch was called in vain", ARRIVE, || {
        let lines = system.program("dtm-lite").ok()?.stdout();
        lines.contains("branch did not answer").then_some(())
    })?;
    system.start_one("score-rpc", &borrowed(&edits))?;
    eventually("the saga ends", ARRIVE, || (system.state(&gid).ok()?["state"] == "succeeded").then_some(()))?;
    let spans = until_in_files(system.dir(), &trace_of(&reply)?, WAITED)?;
    let calls = spans.iter().filter(|s| s.service == "dtm-lite" && s.name.ends_with("saveUserScore"));
    let mut attempts: Vec<_> = calls.map(|s| (s.tags["dtm.attempt"].as_i64(), s.tags["dtm.result"].clone())).collect();
    attempts.sort_by_key(|(attempt, _)| *attempt);
    let last = attempts.pop().context("no call")?;
    ensure!(last == (Some(attempts.len() as i64 + 1), json!("ok")), "{attempts:?}, then {last:?}");
    ensure!(attempts.iter().all(|(_, result)| result == "unknown") && !attempts.is_empty(), "{attempts:?}");
    system.stop()?;
    Ok(())
}

#[test]
fn a_collector_that_is_away_and_a_malformed_traceparent_fail_nothing() -> Result<()> {
    let [closed] = ports::free()?;
    let system = start(&edits(|name| match name {
        "user-rpc" => format!("Telemetry: {{Batcher: otlpgrpc, Endpoint: '127.0.0.1:{closed}'}}"),
        "score-rpc" => format!("Telemetry: {{Batcher: otlphttp, Endpoint: '127.0.0.1:{closed}'}}"),
        name => tutorials_block(name, closed),
    }))?;
    for malformed in ["00-0-0-01", "zz", "00-00000000000000000000000000000000-0000000000000000-01"] {
        let reply = system.register("Ada", None, &[("traceparent", malformed)])?;
        ensure!(reply.status == 200 && trace_of(&reply)?.bytes().any(|b| b != b'0'), "{malformed}: {reply:?}");
    }
    let ports = system.ports;
    for (port, path) in [
        (ports.api_metrics, "/metrics"),
        (ports.user_metrics, "/metrics"),
        (ports.score_metrics, "/metrics"),
        (ports.dtm_http, "/api/metrics"),
    ] {
        eventually("the lost spans are counted", ARRIVE, || {
            let text = http::get(port, path).ok()?.body;
            let line = text.lines().find_map(|line| line.strip_prefix("trace_export_failures_total "))?;
            (line != "0").then_some(())
        })?;
    }
    for (name, ended) in system.stop()? {
        let told = ended.stderr.matches("[otel] error").count();
        ensure!(told == 1, "{name} tells it {told} times: {}", ended.stderr);
    }
    Ok(())
}

fn through_a_real_dtm() -> Result<()> {
    let mut system = start(&edits(to_files))?;
    system.take("dtm-lite")?.stop(ARRIVE)?;
    let _dtm = RealDtm::start(&system.ports, &[])?;
    let reply = system.register("Ada", None, &[])?;
    ensure!(reply.status == 200, "{reply:?}");
    until_in_files(system.dir(), &trace_of(&reply)?, THROUGH_DTM)?;
    system.stop()?;
    Ok(())
}

#[test]
fn a_real_dtm_hands_the_trace_on_to_the_branches() {
    servers::check("one registration is one trace through dtm", "dtm", &["dtm"], through_a_real_dtm)
        .unwrap_or_else(|e| panic!("{e:?}"));
}

/// The block as the tutorial has it, with another name and port.
fn tutorials_block(name: &str, port: u16) -> String {
    format!(
        "Telemetry:\n  Name: {name}\n  Endpoint: http://localhost:{port}/api/traces\n  Sampler: 1.0\n  Batcher: jaeger"
    )
}

fn jaeger_shows_both(batcher: &str) -> Result<()> {
    let jaeger = Jaeger::start()?;
    let system = start(&edits(|name| match batcher {
        "jaeger" => tutorials_block(name, jaeger.thrift),
        "otlpgrpc" => format!("Telemetry: {{Batcher: otlpgrpc, Endpoint: '127.0.0.1:{}'}}", jaeger.otlp_grpc),
        "otlphttp" => format!("Telemetry: {{Batcher: otlphttp, Endpoint: '127.0.0.1:{}'}}", jaeger.otlp_http),
        _ => format!("Telemetry: {{Batcher: zipkin, Endpoint: 'http://127.0.0.1:{}/api/v2/spans'}}", jaeger.zipkin),
    }))?;
    let registered = register(&system)?;
    // What is left leaves at the stop.
    system.stop()?;
    jaeger.trace(&registered.success, |spans| has_tree(spans, SUCCESS))?;
    let rollback = jaeger.trace(&registered.rollback, |spans| has_tree(spans, ROLLBACK))?;
    // Zipkin's form has text only.
    if batcher != "zipkin" {
        check_attributes(&rollback, &registered.refused_gid)?;
    }
    Ok(())
}

fn check(batcher: &str) {
    let name = format!("one registration is one trace, batcher {batcher}");
    servers::check(&name, "jaeger", &["jaeger"], || jaeger_shows_both(batcher)).unwrap_or_else(|e| panic!("{e:?}"));
}

#[test]
fn jaeger_shows_the_trace_that_thrift_brought() {
    check("jaeger");
}

#[test]
fn jaeger_shows_the_trace_that_otlp_over_grpc_brought() {
    check("otlpgrpc");
}

#[test]
fn jaeger_shows_the_trace_that_otlp_over_http_brought() {
    check("otlphttp");
}

#[test]
fn jaeger_shows_the_trace_that_zipkins_json_brought() {
    check("zipkin");
}
