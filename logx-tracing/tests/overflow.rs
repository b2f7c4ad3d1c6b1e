//! More run-time keys than can be kept: our own lines keep them, others get them in one object.
//!
//! The table of keys belongs to the process, so this test has one of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use logx::bridge::{MAX_INTERNED_KEYS, intern};
use logx::sink::stream;
use logx::testing::hostile::Memory;
use logx::{Encoding, Event, Key, Kind, Value, Writer, field};
use logx_tracing::TracingWriter;
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt as _;

fn log(writer: &dyn Writer) {
    let fields = [field("uid", 7), field("further", "x"), field("nested", Value::Json("[1,2]"))];
    Event::new(Kind::Info, "text".into()).fields(&fields).write_to(writer);
}

#[test]
fn fields_whose_keys_cannot_be_kept_are_not_lost() {
    for i in 0..=MAX_INTERNED_KEYS {
        // Only the full table matters, not the keys.
        let _ = intern(Key::Dyn(&format!("key-{i}")));
    }
    let out = Memory::default();
    let object =
        |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}")) };

    log(&TracingWriter::json(out.clone()));
    let line = object(&out.take());
    assert_eq!((&line["uid"], &line["further"], &line["nested"]), (&json!(7), &json!("x"), &json!([1, 2])), "{line}");
    assert_eq!((&line["content"], &line["level"]), (&json!("text"), &json!("info")));

    log(&TracingWriter::with_sink(stream(out.clone()), Encoding::Plain));
    let line = out.take();
    let (_, fields) = line.trim_end().split_once("\tfields=").unwrap_or_else(|| panic!("{line}"));
    assert_eq!(object(fields), json!({"uid": 7, "further": "x", "nested": [1, 2]}));

    let layer = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(out.clone()));
    log(&TracingWriter::with_subscriber(tracing_subscriber::registry().with(layer)));
    let line = object(&out.take());
    assert_eq!(object(line["fields"]["fields"].as_str().unwrap()), json!({"uid": 7, "further": "x", "nested": [1, 2]}));
    assert_eq!(line["fields"]["message"], "text");

    // The layer of ours prints them flat.
    log(&TracingWriter::with_subscriber(tracing_subscriber::registry().with(logx_tracing::json_to(out.clone()))));
    let line = object(&out.take());
    assert_eq!((&line["uid"], &line["further"], &line["nested"]), (&json!(7), &json!("x"), &json!([1, 2])), "{line}");
}
