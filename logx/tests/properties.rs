//! Any record through both encodings: one valid object with unique keys that says what was logged; one line of text.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use logx::sink::stream;
use logx::testing::hostile::{Memory, check_line};
use logx::{Encoding, Kind, NativeWriter, OwnedField, OwnedValue, Record, Time, Value, WriteError, Writer, keys};
use proptest::prelude::*;

/// Keys that collide with each other, with logx's own, and with what those are renamed to.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c", "", "level", "content", "caller", "@timestamp", "trace", "span",
            "duration", "truncated", "fields.level", "fields.fields.level", "\"", "a\nb", "password"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = OwnedValue> {
    let leaf = prop_oneof![
        Just(OwnedValue::Null),
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i64>().prop_map(OwnedValue::I64),
        any::<u64>().prop_map(OwnedValue::U64),
        any::<f64>().prop_map(OwnedValue::F64),
        any::<f32>().prop_map(OwnedValue::F32),
        any::<String>().prop_map(OwnedValue::text),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|v| OwnedValue::Bytes(v.into())),
        any::<i64>().prop_map(OwnedValue::Duration),
        (any::<i64>(), 0u32..1_000_000_000, -86_400i32..86_400)
            .prop_map(|(secs, nanos, offset)| OwnedValue::Time(Time { secs, nanos, offset })),
        "[\\[\\]{}:,\"ab 0-9\n]{0,20}".prop_map(|text| OwnedValue::Json(text.into())),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(OwnedValue::List),
            prop::collection::vec((key(), inner), 0..6).prop_map(|fields| OwnedValue::Object(owned(fields))),
        ]
    })
}

fn owned(fields: Vec<(String, OwnedValue)>) -> Vec<OwnedField> {
    fields.into_iter().map(|(key, value)| OwnedField { key: key.into(), value }).collect()
}

fn fields() -> impl Strategy<Value = Vec<OwnedField>> {
    prop::collection::vec((key(), value()), 0..8).prop_map(owned)
}

#[derive(Debug, Clone)]
struct Line {
    kind: Kind,
    content: OwnedValue,
    logger: Vec<OwnedField>,
    context: Vec<OwnedField>,
    call: Vec<OwnedField>,
    duration: Option<i64>,
    trace: Option<String>,
    serialized: bool,
}

fn line() -> impl Strategy<Value = Line> {
    let kind = prop::sample::select(vec![Kind::Debug, Kind::Info, Kind::Warn, Kind::Error, Kind::Slow, Kind::Alert]);
    let rest = (any::<Option<i64>>(), any::<Option<String>>(), any::<bool>());
    (kind, value(), fields(), fields(), fields(), rest).prop_map(
        |(kind, content, logger, context, call, (duration, trace, serialized))| Line {
            kind,
            content,
            logger,
            context,
            call,
            duration,
            trace,
            serialized,
        },
    )
}

/// Logs the line through `writer` alone.
fn write(line: &Line, writer: &dyn Writer) {
    let mut context = logx::Context::new().with_fields(line.context.clone());
    if let Some(trace) = &line.trace {
        context = context.with_trace(trace.as_str());
    }
    let mut log = logx::with_fields(line.logger.clone()).with_context(&context);
    if let Some(ns) = line.duration {
        log = log.with_duration_nanos(ns);
    }
    let fields: Vec<logx::Field<'_>> = line.call.iter().map(OwnedField::as_field).collect();
    let content = if line.serialized { Value::Encode(&line.content) } else { line.content.as_value() };
    logx::Event::new(line.kind, content).fields(&fields).logger(&log).context(&context).write_to(writer);
}

/// The key under which a user's field is printed.
fn printed(key: &str) -> String {
    let built_in = ["@timestamp", "level", "caller", "content", "trace", "span", "truncated"];
    if built_in.contains(&key) { format!("{}{key}", keys::RENAMED_PREFIX) } else { key.to_owned() }
}

proptest! {
    #[test]
    fn any_record_is_one_object_with_unique_keys(line in line()) {
        let memory = Memory::default();
        let writer = NativeWriter::new(stream(memory.clone()), Encoding::Json);
        write(&line, &writer);
        let out = memory.take();
        prop_assert!(out.ends_with('\n'));
        let object = check_line(&out[..out.len() - 1]).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&object["level"], line.kind.word());
        prop_assert!(object["@timestamp"].is_string());
        prop_assert_eq!(object.contains_key("caller"), line.kind.has_caller());
        // The last field of a name wins: call before context, and every name is there.
        let all: Vec<&OwnedField> = line.logger.iter().chain(&line.call).chain(&line.context).collect();
        for field in &all {
            let name = printed(&field.key);
            let last = all.iter().rev().find(|f| printed(&f.key) == name).unwrap();
            let printed = &object[&name];
            if name == "duration" && line.duration.is_some() {
                continue;
            }
            prop_assert_eq!(printed, &last.value.to_json(), "{}", name);
        }
    }

    #[test]
    fn any_record_is_one_line_of_plain_text(line in line()) {
        let memory = Memory::default();
        let writer = NativeWriter::new(stream(memory.clone()), Encoding::Plain);
        write(&line, &writer);
        let out = memory.take();
        prop_assert!(out.ends_with('\n'));
        let text = &out[..out.len() - 1];
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\t'), "{:?}", text);
        prop_assert_eq!(text.split('\t').nth(1).map(str::trim), Some(line.kind.word()));
    }

    #[test]
    fn an_owned_record_and_the_keys_for_adapters_say_the_same_as_the_line(line in line()) {
        struct Compare(std::sync::Mutex<Option<String>>);
        impl Writer for Compare {
            fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
                let mut bytes = Vec::new();
                record.push_json(&mut bytes);
                let object = check_line(std::str::from_utf8(&bytes[..bytes.len() - 1]).unwrap()).unwrap();
                let mut keys = Vec::new();
                let mut wrong = None;
                record.for_each(&mut |key, value| {
                    keys.push(key.to_owned());
                    let own = OwnedValue::from_value(value).to_json();
                    if object.get(key) != Some(&own) {
                        wrong = Some(format!("{key}: {own} is not {:?}", object.get(key)));
                    }
                });
                let owned = record.to_owned();
                for field in &owned.fields {
                    if object.get(&*field.key) != Some(&field.value.to_json()) {
                        wrong = Some(format!("owned {}", field.key));
                    }
                }
                keys.sort();
                if keys != object.keys().cloned().collect::<Vec<_>>() {
                    wrong = Some(format!("{keys:?}"));
                }
                *self.0.lock().unwrap() = wrong;
                Ok(())
            }
        }
        let compare = Compare(std::sync::Mutex::new(Some("not called".into())));
        write(&line, &compare);
        prop_assert_eq!(compare.0.lock().unwrap().take(), None);
    }
}
