//! More run-time keys than can be kept: their object and a user's field of its name make one key.
//!
//! The table of keys belongs to the process, so this test has one of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use logx::bridge::{MAX_INTERNED_KEYS, intern};
use logx::testing::hostile::{Memory, check_line};
use logx::{Event, Key, Kind, Value, Writer, field};
use logx_slog::SlogWriter;
use slog::Drain as _;

/// The user's fields of the line that comes out.
fn logged(out: &Memory, writer: &dyn Writer, keys: &[&str]) -> serde_json::Value {
    let fields: Vec<_> = keys.iter().map(|key| field(key, key.len())).collect();
    Event::new(Kind::Info, Value::Str("text")).fields(&fields).write_to(writer);
    let mut object = check_line(out.take().trim_end()).unwrap();
    object.retain(|key, _| !["@timestamp", "level", "caller", "content"].contains(&key.as_str()));
    object.into()
}

#[test]
fn a_field_named_as_the_object_stands_in_it() {
    let (own, foreign) = (Memory::default(), Memory::default());
    let logger = Mutex::new(slog_json::Json::new(foreign.clone()).build());
    let writers = [
        (&own, SlogWriter::json(own.clone())),
        (&foreign, SlogWriter::new(slog::Logger::root(logger.ignore_res(), slog::o!()))),
    ];
    for (out, writer) in &writers {
        assert_eq!(logged(out, writer, &["extra", "known"]), serde_json::json!({"extra": 5, "known": 5}));
    }
    for i in 0..MAX_INTERNED_KEYS {
        // Only the full table matters, not the keys.
        let _ = intern(Key::Dyn(&format!("key-{i}")));
    }
    for (out, writer) in &writers {
        assert_eq!(logged(out, writer, &["extra", "known"]), serde_json::json!({"extra": 5, "known": 5}));
        for keys in [["extra", "further"], ["further", "extra"]] {
            assert_eq!(logged(out, writer, &keys), serde_json::json!({"extra": {"extra": 5, "further": 7}}));
        }
    }
}
