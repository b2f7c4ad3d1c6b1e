//! A log line read strictly: one JSON object, no key twice at any depth, go-zero's keys and level words.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// go-zero's level words, and logx's own `warn`.
pub const LEVEL_WORDS: [&str; 8] = ["debug", "info", "warn", "error", "slow", "stat", "fatal", "alert"];

/// The words that go to stderr.
pub const ERROR_WORDS: [&str; 4] = ["error", "slow", "fatal", "alert"];

/// A JSON tree in which no object has a key twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = map.next_entry::<String, Unique>()? {
            if object.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
        }
        Ok(object.into())
    }
}

/// Reads one line as an object with unique keys.
///
/// # Errors
/// It is not one, or holds a key twice; the error quotes the line.
pub fn object(line: &str) -> Result<Map<String, Value>> {
    let Unique(value) = serde_json::from_str(line).with_context(|| format!("not a log line: {line:?}"))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => bail!("not an object: {line:?}"),
    }
}

/// Reads a line that a service printed, and checks what go-zero's pipelines rely on: a timestamp, a known level word, a content, text ids.
///
/// # Errors
/// What is wrong with the line, and the line.
pub fn service_line(line: &str) -> Result<Map<String, Value>> {
    let object = object(line)?;
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let time = text("@timestamp").with_context(|| format!("no @timestamp: {line}"))?;
    ensure!(time.len() >= 20 && time.as_bytes()[10] == b'T', "@timestamp {time:?} is not RFC 3339: {line}");
    let level = text("level").with_context(|| format!("no level: {line}"))?;
    ensure!(LEVEL_WORDS.contains(&level), "unknown level {level:?}: {line}");
    ensure!(object.contains_key("content"), "no content: {line}");
    for (key, length) in [("trace", 32), ("span", 16)] {
        if let Some(id) = object.get(key) {
            let id = id.as_str().unwrap_or_default();
            ensure!(id.len() == length && id.bytes().all(|b| b.is_ascii_hexdigit()), "bad {key} {id:?}: {line}");
        }
    }
    if let Some(caller) = object.get("caller") {
        let place = caller.as_str().and_then(|c| c.rsplit_once(':'));
        ensure!(place.is_some_and(|(_, line)| line.parse::<u32>().is_ok()), "bad caller {caller}: {line}");
    }
    Ok(object)
}

/// Checks every line of both streams of a program in console mode, the split by kind included.
///
/// # Errors
/// The first line that is wrong.
pub fn check_streams(stdout: &str, stderr: &str) -> Result<()> {
    for (stream, text, is_error) in [("stdout", stdout, false), ("stderr", stderr, true)] {
        for line in text.lines() {
            let object = service_line(line)?;
            let level = object["level"].as_str().unwrap_or_default();
            ensure!(ERROR_WORDS.contains(&level) == is_error, "a line of level {level} on {stream}: {line}");
        }
    }
    Ok(())
}

/// Equality as a reader of JSON sees it: numbers by their value, all else exactly.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let integer = |n: &serde_json::Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
            match (integer(a), integer(b)) {
                (Some(a), Some(b)) => a == b,
                _ => a.as_f64() == b.as_f64(),
            }
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_found_at_any_depth() {
        assert!(object(r#"{"a":1,"b":{"a":1}}"#).is_ok());
        assert!(object(r#"{"a":1,"a":1}"#).is_err());
        assert!(object(r#"{"b":[{"c":1,"c":2}]}"#).is_err());
        assert!(object(r#"{"a":1} {"a":1}"#).is_err());
        assert!(object("[1]").is_err());
    }

    #[test]
    fn streams_are_split_by_kind() {
        let line =
            |level: &str| format!(r#"{{"@timestamp":"2026-01-01T00:00:00.000Z","level":"{level}","content":""}}"#);
        assert!(check_streams(&line("info"), &line("slow")).is_ok());
        assert!(check_streams(&line("error"), "").is_err());
        assert!(check_streams("", &line("stat")).is_err());
        assert!(check_streams(&line("severe"), "").is_err());
        assert!(check_streams("ready", "").is_err());
    }

    #[test]
    fn numbers_are_equal_by_value() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(equal(&value("[1, 2.0]"), &value("[1.0, 2]")));
        assert!(!equal(&value("9223372036854775807"), &value("9223372036854775806")));
        assert!(!equal(&value("5e-324"), &value("0")));
    }
}
