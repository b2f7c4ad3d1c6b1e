//! The stock subscribers behind logx: filters hold, and fmt and json print what logx was told.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::io;
use std::sync::{Arc, Mutex};

use logx::{Kind, Value, field};
use logx_tracing::TracingWriter;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt, registry};

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

impl<'a> MakeWriter<'a> for Out {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Out {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Lines of each level for two targets.
fn log_all(writer: &TracingWriter) {
    for target in ["shop::orders", "shop::stock"] {
        for kind in [Kind::Debug, Kind::Info, Kind::Slow, Kind::Error] {
            let text = format!("{target} {kind}");
            logx::Event::new(kind, Value::Str(&text)).target(target).write_to(writer);
        }
    }
}

#[test]
fn env_filter_and_filters_of_single_layers_hold() {
    let (narrow, wide) = (Out::default(), Out::default());
    let subscriber = registry()
        .with(fmt::layer().with_ansi(false).with_writer(narrow.clone()).with_filter(LevelFilter::ERROR))
        .with(fmt::layer().with_ansi(false).with_writer(wide.clone()))
        .with(EnvFilter::new("warn,shop::orders=debug"));
    tracing::subscriber::with_default(subscriber, || log_all(&TracingWriter::new()));
    let texts = |out: &Out| -> Vec<String> {
        out.lines().iter().map(|line| line[line.find(": shop::").unwrap() + 2..].to_owned()).collect()
    };
    let starts = |texts: &[String], wanted: &[&str]| {
        assert_eq!(texts.len(), wanted.len(), "{texts:?}");
        assert!(texts.iter().zip(wanted).all(|(text, want)| text.contains(want)), "{texts:?}");
    };
    starts(&texts(&narrow), &["shop::orders error", "shop::stock error"]);
    starts(&texts(&wide), &["orders debug", "orders info", "orders slow", "orders error", "stock slow", "stock error"]);
}

#[test]
fn the_stock_json_layer_has_every_field_with_its_type() {
    let out = Out::default();
    let subscriber = registry().with(fmt::layer().json().with_writer(out.clone()));
    tracing::subscriber::with_default(subscriber, || {
        logx::Event::new(Kind::Slow, "slow \"query\"".into())
            .fields(&[field("uid", 7), field("ok", true), field("ratio", 0.5), field("who", "a\nb")])
            .target("shop")
            .write_to(&TracingWriter::new());
    });
    let lines = out.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&line["level"], &line["target"]), (&json!("WARN"), &json!("shop")));
    let fields = line["fields"].as_object().unwrap();
    for (key, want) in [
        ("message", json!("slow \"query\"")),
        ("level", json!("slow")),
        ("uid", json!(7)),
        ("ok", json!(true)),
        ("ratio", json!(0.5)),
        ("who", json!("a\nb")),
    ] {
        assert_eq!(fields.get(key), Some(&want), "{key} in {line}");
    }
}

/// A user's fields may be called as tracing's own keys, and as what those are renamed to: each key comes once.
#[test]
fn fields_that_collide_with_what_others_are_renamed_to_come_once() {
    let out = Out::default();
    let subscriber = registry().with(fmt::layer().json().with_writer(out.clone()));
    tracing::subscriber::with_default(subscriber, || {
        let log = |kind, content: &str, keys: [&str; 4]| {
            let fields: Vec<_> = keys.iter().zip(1..).map(|(key, n)| field(key, n)).collect();
            logx::Event::new(kind, Value::Str(content)).fields(&fields).write_to(&TracingWriter::new());
        };
        log(Kind::Severe, "bad\ntrace", ["message", "fields.message", "stack", "fields.stack"]);
        log(Kind::Severe, "bad\ntrace", ["fields.stack", "stack", "fields.message", "message"]);
        log(Kind::Info, "good", ["fields.stack", "stack", "fields.message", "message"]);
    });
    let severe = |message, stack| json!({"level": "fatal", "message": "bad", "stack": "trace", "fields.message": message, "fields.stack": stack});
    let info = json!({"level": "info", "message": "good", "fields.stack": 1, "stack": 2, "fields.message": 4});
    for (line, want) in out.lines().iter().zip([severe(2, 4), severe(4, 2), info]) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut fields = object["fields"].clone();
        fields.as_object_mut().unwrap().remove("caller");
        assert_eq!(fields, want, "{line}");
        for key in ["message", "stack", "fields.message", "fields.stack"] {
            assert_eq!(
                line.matches(&format!("\"{key}\":")).count(),
                usize::from(want.get(key).is_some()),
                "{key}: {line}"
            );
        }
    }
    assert_eq!(out.lines().len(), 3);
}

/// tracing hands a scoped subscriber nothing while it is in an event; a subscriber of the writer's own gets its lines.
#[test]
fn a_line_inside_an_event_is_lost_under_a_scoped_default_only() {
    struct Logs(TracingWriter);
    impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for Logs {
        fn on_event(&self, _: &tracing_core::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            logx::Event::new(Kind::Info, "inside".into()).write_to(&self.0);
        }
    }
    let own = Out::default();
    for (writer, lines) in [(TracingWriter::new(), 0), (TracingWriter::json(own.clone()), 1)] {
        let scoped = Out::default();
        let subscriber = registry().with(Logs(writer)).with(fmt::layer().json().with_writer(scoped.clone()));
        tracing::subscriber::with_default(subscriber, || tracing::info!("outside"));
        assert_eq!((scoped.lines().len(), own.lines().len()), (1, lines));
    }
}
