//! A user's fields may be called as the stack, and as what that is renamed to: a foreign drain gets each key once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use logx::testing::hostile::Memory;
use logx::{Event, Kind, Value, field};
use logx_slog::SlogWriter;
use serde_json::json;
use slog::Drain as _;

#[test]
fn fields_named_as_what_others_are_renamed_to_come_once() {
    let out = Memory::default();
    let drain = Mutex::new(slog_json::Json::new(out.clone()).build()).ignore_res();
    let writer = SlogWriter::new(slog::Logger::root(drain, slog::o!()));
    let log = |kind, content: &str, keys: [&str; 2]| {
        let fields: Vec<_> = keys.iter().zip(1..).map(|(key, n)| field(key, n)).collect();
        Event::new(kind, Value::Str(content)).fields(&fields).write_to(&writer);
        let line = out.take();
        let mut object: serde_json::Value = serde_json::from_str(&line).unwrap();
        object.as_object_mut().unwrap().retain(|key, _| key.ends_with("stack"));
        for key in ["stack", "fields.stack"] {
            assert_eq!(line.matches(&format!("\"{key}\":")).count(), usize::from(object.get(key).is_some()), "{line}");
        }
        object
    };
    let severe = |n| json!({"stack": "trace", "fields.stack": n});
    assert_eq!(log(Kind::Severe, "bad\ntrace", ["stack", "fields.stack"]), severe(2));
    assert_eq!(log(Kind::Stack, "bad\ntrace", ["fields.stack", "stack"]), severe(2));
    assert_eq!(log(Kind::Info, "good\nline", ["fields.stack", "stack"]), json!({"fields.stack": 1, "stack": 2}));
}

/// What the README says of drains with keys of their own.
#[test]
fn a_drain_s_own_level_stands_beside_logx_s() {
    let out = Memory::default();
    let log = |drain: slog_json::Json<Memory>| {
        let writer = SlogWriter::new(slog::Logger::root(Mutex::new(drain).ignore_res(), slog::o!()));
        Event::new(Kind::Slow, Value::Str("text")).write_to(&writer);
        let line = out.take();
        (line.matches("\"level\":").count(), line.matches("\"msg\":\"text\"").count())
    };
    assert_eq!(log(slog_json::Json::default(out.clone())), (2, 1));
    let message = slog::o!("msg" => slog::PushFnValue(|record: &slog::Record<'_>, ser| ser.emit(record.msg())));
    assert_eq!(log(slog_json::Json::new(out.clone()).add_key_value(message).build()), (1, 1));
}
