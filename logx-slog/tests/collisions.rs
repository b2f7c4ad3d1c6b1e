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
