//! One set of records through native, slog and tracing: the same object from each. And a user's own drain and
//! subscriber: every field under its own key with its type.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logx::{Encoding, Kind, Level, LogConf, NativeWriter, Record, Value, WriteError, Writer, field};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};
use serde_json::Value as Json;
use tests::vectors::Captured;
use tracing_subscriber::layer::SubscriberExt as _;

/// Hands each record to every backend.
struct Tee {
    writers: Vec<Arc<dyn Writer>>,
}

impl Writer for Tee {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.writers.iter().try_for_each(|writer| record.deliver(&**writer))
    }
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("display")
    }
}

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

impl std::error::Error for Panics {}

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("half-way"))
    }
}

/// Fails after it has begun.
struct HalfWay;

impl Serialize for HalfWay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&1, "one")?;
        map.serialize_entry("panics", &Panics)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Deep(Option<Box<Deep>>);

fn deep(levels: usize) -> Deep {
    (0..levels).fold(Deep(None), |inner, _| Deep(Some(Box::new(inner))))
}

/// Every kind and form, with values that behave badly.
fn log_everything() {
    let context = logx::Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_span("b7ad6b7169203331");
    let map: BTreeMap<i32, &str> = [(1, "one"), (2, "two")].into();
    let cause = std::io::Error::other("disk is \"full\"\n");
    for kind in Kind::ALL {
        let log = logx::with_fields([field("order", "A-1"), field("n", 1)]).with_duration(Duration::from_micros(1_234));
        let log = log.with_context(&context);
        logx::Event::new(kind, Value::Str("every kind")).logger(&log).fields(&[field("n", 2)]).log();
        logx::Event::new(kind, Value::Str("first line\nsecond\ttab \u{0} \u{2028} ünï 用户")).log();
    }
    logx::info!(panics:display = Panics, fails:debug = Panics, error:err = Panics, half:serde = HalfWay; "hostile");
    logx::info!(nan = f64::NAN, inf = f64::NEG_INFINITY, whole = 100.0, big = 1e21, small = 1e-7, single = 0.1f32, most = u64::MAX, least = i64::MIN; "numbers");
    logx::info!(wide:serde = u128::MAX, map:serde = map, cause:err = cause, raw:debug = Some("x"), none = None::<u8>, unit:serde = (); "forms");
    logx::info!(deep:serde = deep(200); "deep");
    logx::infow(
        "fields",
        &[
            field("", "empty key"),
            field("key with space", true),
            field("d", Duration::from_millis(3)),
            field("bytes", Value::bytes(b"hi")),
            field("message", "mine"),
            field("stack", "mine"),
            field("msg", 1),
            field("time", std::time::SystemTime::UNIX_EPOCH),
        ],
    );
    logx::infow(
        "built-ins",
        &[
            field("@timestamp", 1),
            field("level", 2),
            field("caller", 3),
            field("content", 4),
            field("trace", 5),
            field("span", 6),
            field("duration", 7),
            field("truncated", 8),
            field("a", 1),
            field("a", 2),
        ],
    );
    logx::infow(
        "secrets",
        &[field("password", "p"), field("nested", Value::serde(&serde_json::json!({"a": {"password": "p"}})))],
    );
    logx::infov(&serde_json::json!({"an": ["object", 1.0, null]}));
    logx::infov(&42);
    logx::error("x".repeat(5_000));
    let keys: Vec<String> = (0..1_000).map(|i| format!("key-{i}")).collect();
    let fields: Vec<_> = keys.iter().map(|key| field(key, key.len())).collect();
    logx::infow("a thousand", &fields);
}

fn parsed(line: &str) -> Json {
    assert!(line.ends_with('\n') && !line[..line.len() - 1].contains('\n'), "not one line: {line:?}");
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

/// Fields with their types, as a foreign drain or subscriber got them.
type Seen = Arc<Mutex<Vec<Vec<(String, Json)>>>>;

struct OwnDrain(Seen);

impl slog::Drain for OwnDrain {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record<'_>, _: &slog::OwnedKVList) -> Result<(), slog::Never> {
        struct Keep(Vec<(String, Json)>);
        impl slog::Serializer for Keep {
            fn emit_arguments(&mut self, key: slog::Key, val: &fmt::Arguments<'_>) -> slog::Result {
                self.0.push((key.into(), format!("untyped {val}").into()));
                Ok(())
            }
            fn emit_str(&mut self, key: slog::Key, val: &str) -> slog::Result {
                self.0.push((key.into(), val.into()));
                Ok(())
            }
            fn emit_i64(&mut self, key: slog::Key, val: i64) -> slog::Result {
                self.0.push((key.into(), val.into()));
                Ok(())
            }
            fn emit_u64(&mut self, key: slog::Key, val: u64) -> slog::Result {
                self.0.push((key.into(), val.into()));
                Ok(())
            }
            fn emit_f64(&mut self, key: slog::Key, val: f64) -> slog::Result {
                self.0.push((key.into(), val.into()));
                Ok(())
            }
            fn emit_bool(&mut self, key: slog::Key, val: bool) -> slog::Result {
                self.0.push((key.into(), val.into()));
                Ok(())
            }
            fn emit_none(&mut self, key: slog::Key) -> slog::Result {
                self.0.push((key.into(), Json::Null));
                Ok(())
            }
            fn emit_serde(&mut self, key: slog::Key, value: &dyn slog::SerdeValue) -> slog::Result {
                self.0.push((key.into(), serde_json::to_value(value.as_serde()).unwrap()));
                Ok(())
            }
        }
        let level = record.level().as_str();
        let mut keep = Keep(vec![(MESSAGE.into(), record.msg().to_string().into()), (LEVEL.into(), level.into())]);
        slog::KV::serialize(&record.kv(), record, &mut keep).unwrap();
        self.0.lock().unwrap().push(keep.0);
        Ok(())
    }
}

struct OwnLayer(Seen);

impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for OwnLayer {
    fn on_event(&self, event: &tracing_core::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        use tracing_core::Field;
        struct Keep(Vec<(String, Json)>);
        impl tracing_core::field::Visit for Keep {
            fn record_f64(&mut self, field: &Field, value: f64) {
                self.0.push((field.name().into(), value.into()));
            }
            fn record_i64(&mut self, field: &Field, value: i64) {
                self.0.push((field.name().into(), value.into()));
            }
            fn record_u64(&mut self, field: &Field, value: u64) {
                self.0.push((field.name().into(), value.into()));
            }
            fn record_bool(&mut self, field: &Field, value: bool) {
                self.0.push((field.name().into(), value.into()));
            }
            fn record_str(&mut self, field: &Field, value: &str) {
                self.0.push((field.name().into(), value.into()));
            }
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                // Nested values come as their JSON: tracing has no other way.
                let json = serde_json::from_str(&format!("{value:?}"));
                self.0.push((field.name().into(), json.unwrap_or_else(|_| "no JSON".into())));
            }
        }
        let level = event.metadata().level().as_str();
        let mut keep = Keep(vec![(LEVEL.into(), level.into())]);
        event.record(&mut keep);
        self.0.lock().unwrap().push(keep.0);
    }
}

/// slog's message and both libraries' levels are no fields: they stand here under names that no field has.
const MESSAGE: &str = "<message>";
const LEVEL: &str = "<level>";

/// Where a foreign backend puts what logx says otherwise.
struct Foreign {
    name: &'static str,
    message: &'static str,
    /// Its word for logx's.
    level: fn(&str) -> &'static str,
    /// Its own time stands in the line, and a content that is no text stands in the message alone.
    has_own_time: bool,
}

const DRAIN: Foreign = Foreign {
    name: "drain",
    message: MESSAGE,
    level: |word| match word {
        "fatal" => "CRITICAL",
        "alert" | "error" => "ERROR",
        "slow" | "warn" => "WARNING",
        "stat" | "info" => "INFO",
        _ => "DEBUG",
    },
    has_own_time: false,
};

const LAYER: Foreign = Foreign {
    name: "layer",
    message: "message",
    level: |word| match word {
        "fatal" | "alert" | "error" => "ERROR",
        "slow" | "warn" => "WARN",
        "stat" | "info" => "INFO",
        _ => "DEBUG",
    },
    has_own_time: true,
};

/// What a foreign backend must have got, given the native line.
fn assert_fields(foreign: &Foreign, native: &Json, seen: &[(String, Json)]) {
    let name = foreign.name;
    let mut got: BTreeMap<&str, &Json> = BTreeMap::new();
    for (key, value) in seen {
        assert!(got.insert(key, value).is_none(), "{name}: {key} twice");
    }
    for (key, want) in native.as_object().unwrap() {
        let found = match key.as_str() {
            "@timestamp" if foreign.has_own_time => !got.contains_key("@timestamp"),
            "content" if foreign.has_own_time || want.is_string() => !got.contains_key("content"),
            "message" | "stack" => {
                got.get(key.as_str()).into_iter().chain(got.get(format!("fields.{key}").as_str())).any(|v| *v == want)
            }
            key => got.get(key).is_some_and(|v| tests::lines::equal(v, want)),
        };
        assert!(found, "{name}: {key} is {:?} and not {want} in {seen:?}", got.get(key.as_str()));
    }
    assert_eq!(got[LEVEL].as_str(), native["level"].as_str().map(foreign.level), "{name}: {native}");
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (message, content) = (text(got[foreign.message]), text(&native["content"]));
    match content.split_once('\n').filter(|(first, _)| *first == message) {
        // Only severe lines and stacks are cut there.
        Some((_, stack)) => {
            assert_eq!(got["stack"].as_str(), Some(stack), "{name}: {content:?}");
            assert!(["fatal", "error"].contains(&native["level"].as_str().unwrap()), "{name}: {native}");
        }
        None => assert_eq!(message, content, "{name}"),
    }
}

#[test]
fn every_backend_gives_the_same_object_and_foreign_ones_every_field() {
    let captured: Vec<Captured> = (0..3).map(|_| Captured::default()).collect();
    let (drained, layered): (Seen, Seen) = Default::default();
    let sink = |i: usize| Arc::new(captured[i].clone());
    logx::reconfigure(&LogConf {
        level: Level::Debug,
        max_content_length: 1_000,
        mask_keys: vec!["password".into()],
        stack_cooldown_millis: 0,
        ..LogConf::default()
    })
    .unwrap();
    logx::set_writer(Tee {
        writers: vec![
            Arc::new(NativeWriter::new(sink(0), Encoding::Json)),
            Arc::new(SlogWriter::with_sink(sink(1), Encoding::Json)),
            Arc::new(TracingWriter::with_sink(sink(2), Encoding::Json)),
            Arc::new(SlogWriter::new(slog::Logger::root(OwnDrain(Arc::clone(&drained)), slog::o!()))),
            Arc::new(TracingWriter::with_subscriber(
                tracing_subscriber::registry().with(OwnLayer(Arc::clone(&layered))),
            )),
        ],
    });
    logx::add_global_fields([field("service", "parity")]);
    log_everything();
    let lines: Vec<Vec<String>> = captured.iter().map(|c| c.take().unwrap()).collect();
    assert_eq!(lines[0].len(), 2 * Kind::ALL.len() + 11);
    let (drained, layered) = (drained.lock().unwrap(), layered.lock().unwrap());
    for other in [&lines[1], &lines[2]] {
        assert_eq!(other.len(), lines[0].len());
    }
    assert_eq!((drained.len(), layered.len()), (lines[0].len(), lines[0].len()));
    for i in 0..lines[0].len() {
        let native = parsed(&lines[0][i]);
        assert!(tests::lines::equal(&native, &parsed(&lines[1][i])), "slog:\n{}{}", lines[0][i], lines[1][i]);
        assert!(tests::lines::equal(&native, &parsed(&lines[2][i])), "tracing:\n{}{}", lines[0][i], lines[2][i]);
        assert_fields(&DRAIN, &native, &drained[i]);
        assert_fields(&LAYER, &native, &layered[i]);
    }
}
