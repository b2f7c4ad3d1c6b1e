//! The writers under test, and what must have come out of each after one record.

use std::sync::atomic::{AtomicUsize, Ordering};

use logx::sink::stream;
use logx::testing::hostile::{Memory, check_line};
use logx::{Encoding, Key, NativeWriter, Record, WriteError, Writer};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use serde_json::{Map, Value};

/// The object in which slog has the fields whose keys it cannot keep, as logx-slog's README says.
const SLOG_EXTRA: &str = "extra";

/// What the native writer and the adapters print.
pub(crate) struct Backends {
    tee: Tee,
    json: Trio,
    plain: Trio,
}

/// The same encoding through each backend.
struct Trio {
    native: Memory,
    slog: Memory,
    tracing: Memory,
}

impl Trio {
    fn new(encoding: Encoding, writers: &mut Vec<Box<dyn Writer>>) -> Self {
        let trio = Self { native: Memory::default(), slog: Memory::default(), tracing: Memory::default() };
        writers.push(Box::new(NativeWriter::new(stream(trio.native.clone()), encoding)));
        writers.push(Box::new(SlogWriter::with_sink(stream(trio.slog.clone()), encoding)));
        writers.push(Box::new(TracingWriter::with_sink(stream(trio.tracing.clone()), encoding)));
        trio
    }

    /// What each printed, which is forgotten.
    fn take(&self) -> [(&'static str, String); 3] {
        [("native", self.native.take()), ("slog", self.slog.take()), ("tracing", self.tracing.take())]
    }
}

/// Hands each record to every writer, so that all of them have the same time.
struct Tee {
    writers: Vec<Box<dyn Writer>>,
    written: AtomicUsize,
}

impl Writer for Tee {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        for writer in &self.writers {
            record.deliver(&**writer)?;
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Backends {
    pub(crate) fn new() -> Self {
        let mut writers = Vec::new();
        let json = Trio::new(Encoding::Json, &mut writers);
        let plain = Trio::new(Encoding::Plain, &mut writers);
        Self { tee: Tee { writers, written: AtomicUsize::new(0) }, json, plain }
    }

    pub(crate) fn writer(&self) -> &dyn Writer {
        &self.tee
    }

    /// Checks what one record left.
    pub(crate) fn check(&self) {
        assert!(!logx::bridge::in_writer(), "the caller's thread is still inside a writer");
        let json = self.json.take().map(|(name, out)| (name, json_object(name, &out)));
        let plain = self.plain.take();
        assert_eq!(self.tee.written.swap(0, Ordering::Relaxed), self.tee.writers.len(), "a writer failed");
        let [(_, native), (_, slog), (_, tracing)] = json;
        let slog = without_extra(slog, &native);
        for (name, other) in [("slog", slog), ("tracing", tracing)] {
            assert!(equal_objects(&native, &other), "native and {name} differ:\n{native:?}\n{other:?}");
        }
        for (name, out) in &plain {
            check_plain(name, out);
        }
    }
}

/// The one line of an output.
fn one_line<'a>(name: &str, out: &'a str) -> &'a str {
    out.strip_suffix('\n').unwrap_or_else(|| panic!("{name}: no newline: {out:?}"))
}

fn json_object(name: &str, out: &str) -> Map<String, Value> {
    let line = one_line(name, out);
    let object = check_line(line).unwrap_or_else(|e| panic!("{name}: {e}"));
    for key in ["@timestamp", "level", "content"] {
        assert!(object.contains_key(key), "{name}: no {key}: {line}");
    }
    object
}

fn check_plain(name: &str, out: &str) {
    let line = one_line(name, out);
    assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{name}: {line:?}");
    assert!(line.split('\t').count() >= 3, "{name}: {line:?}");
}

/// slog's object with the fields that stand in its own object moved back to where the native line has them.
fn without_extra(mut slog: Map<String, Value>, native: &Map<String, Value>) -> Map<String, Value> {
    if !has_overflow(native) {
        return slog;
    }
    let Some(Value::Object(extra)) = slog.remove(SLOG_EXTRA) else {
        panic!("slog: keys are missing:\n{native:?}\n{slog:?}");
    };
    for (key, value) in extra {
        assert!(key == SLOG_EXTRA || is_overflow(&key), "slog: {key:?} is moved without need");
        assert!(slog.insert(key.clone(), value).is_none(), "slog: {key:?} comes twice");
    }
    slog
}

/// Whether some key cannot be kept for ever any more.
fn has_overflow(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| is_overflow(key))
}

fn is_overflow(key: &str) -> bool {
    logx::bridge::intern(Key::Dyn(key)).is_none()
}

fn equal_objects(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
}

/// Equality as a reader of JSON sees it: numbers by their value, all else exactly.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let integer = |n: &serde_json::Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
            match (integer(a), integer(b)) {
                (Some(a), Some(b)) => a == b,
                _ => a.as_f64() == b.as_f64(),
            }
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => equal_objects(a, b),
        _ => a == b,
    }
}
