//! Events of tracing as logx's records and lines, and no line that goes round in a circle.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Mutex};

use logx::Kind;
use logx_tracing::{LogxLayer, TracingWriter, json_to};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Out {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn events_come_with_their_spans_fields_flat_and_once() {
    let logs = logx::testing::collect();
    let subscriber = tracing_subscriber::registry().with(LogxLayer::new());
    tracing::subscriber::with_default(subscriber, || {
        let outer = tracing::info_span!("outer", id = 1, name = "outer", kept = true);
        let _outer = outer.enter();
        let inner = tracing::info_span!("inner", id = 2, status = tracing::field::Empty);
        let _inner = inner.enter();
        tracing::warn!(target: "sqlx::query", rows = 3, name = "event", "slow {}", "query");
        outer.record("kept", false);
        inner.record("status", 200);
        tracing::error!("again");
        tracing::info!("too quiet");
    });
    let records = logs.records();
    assert_eq!(records.len(), 2, "{records:?}");
    let fields = |i: usize| -> Value {
        records[i]
            .fields
            .iter()
            .map(|f| (f.key.to_string(), f.value.to_json()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    assert_eq!(fields(0), json!({"id": 2, "name": "event", "kept": true, "rows": 3}));
    assert_eq!(fields(1), json!({"id": 2, "name": "outer", "kept": false, "status": 200}));
    assert_eq!(
        (records[0].kind, &*records[0].target, records[0].text()),
        (Kind::Warn, "sqlx::query", "slow query".into())
    );
    assert_eq!(records[1].kind, Kind::Error);
    assert!(records[0].caller.contains("layer.rs:"), "{}", records[0].caller);
}

#[test]
fn levels_go_by_target() {
    let logs = logx::testing::collect();
    let layer = LogxLayer::new().with_target_level("hyper", tracing::level_filters::LevelFilter::INFO);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!(target: "hyper::client", "passes");
        tracing::info!(target: "hyperion", "does not");
        tracing::warn!(target: "h2", "passes");
    });
    assert_eq!(logs.records().len(), 2);
}

#[test]
fn json_lines_are_logx_s_whatever_the_values_do() {
    struct Panics;
    impl std::fmt::Debug for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("inside")
        }
    }
    let out = Out::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(json_to(out.clone())), || {
        let span = tracing::info_span!("request", level = "mine", uid = 7);
        let _inside = span.enter();
        tracing::info!(bad = ?Panics, nan = f64::NAN, big = u128::MAX, quoted = "a\"b", uid = 8, "done");
    });
    let mut line = out.lines().pop().unwrap();
    let line = line.as_object_mut().unwrap();
    assert!(line.remove("@timestamp").is_some() && line.remove("caller").is_some());
    assert_eq!(line.remove("big").unwrap().to_string(), u128::MAX.to_string().parse::<Value>().unwrap().to_string());
    assert_eq!(
        Value::Object(line.clone()),
        json!({"level": "info", "content": "done", "fields.level": "mine", "bad": "!panic: inside", "nan": "!error: NaN",
            "quoted": "a\"b", "uid": 8})
    );
}

/// logx -> tracing -> logx: other layers get the line, ours ends the circle.
#[test]
fn a_line_of_logx_s_does_not_come_back() {
    let out = Out::default();
    let before = logx::health().reentrant;
    let subscriber = tracing_subscriber::registry()
        .with(LogxLayer::new().with_level(tracing::level_filters::LevelFilter::TRACE))
        .with(json_to(out.clone()));
    let writer = TracingWriter::with_subscriber(subscriber);
    let context = logx::Context::new().with_trace("t").with_span("s");
    logx::Event::new(Kind::Severe, "bad\nstack".into())
        .context(&context)
        .fields(&[logx::field("uid", 1), logx::field("nested", logx::Value::serde(&[1, 2]))])
        .write_to(&writer);
    let lines = out.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["content"], "bad\nstack");
    assert_eq!(
        (&lines[0]["level"], &lines[0]["trace"], &lines[0]["span"]),
        (&json!("fatal"), &json!("t"), &json!("s"))
    );
    assert_eq!((&lines[0]["uid"], &lines[0]["nested"]), (&json!(1), &json!([1, 2])));
    assert_eq!(logx::health().reentrant, before + 1);
}
