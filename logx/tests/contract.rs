//! go-zero's behaviour of single lines: levels, keys, values, contents, loggers and contexts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use logx::sink::stream;
use logx::testing::hostile::{Memory, check_line};
use logx::{
    Context, Encoding, Event, Field, Key, Kind, Level, Log, LogConf, NativeWriter, OwnedRecord, OwnedValue, Rotation,
    Sensitive, Time, Value, field,
};

type Object = serde_json::Map<String, serde_json::Value>;

/// The line that an event makes, as JSON or plain text.
fn text_of(event: Event<'_>, encoding: Encoding) -> String {
    let memory = Memory::default();
    event.write_to(&NativeWriter::new(stream(memory.clone()), encoding));
    memory.take()
}

fn object_of(event: Event<'_>) -> Object {
    check_line(text_of(event, Encoding::Json).trim_end()).unwrap()
}

fn content_of(content: Value<'_>) -> serde_json::Value {
    object_of(Event::new(Kind::Info, content))["content"].clone()
}

/// How a field's value prints, as JSON text.
fn printed(value: Value<'_>) -> String {
    let line =
        text_of(Event::new(Kind::Info, Value::Null).fields(&[Field { key: Key::Static("v"), value }]), Encoding::Json);
    let start = line.find(",\"v\":").unwrap() + 5;
    line[start..line.len() - 2].to_owned()
}

fn one(log: impl FnOnce()) -> OwnedRecord {
    let logs = logx::testing::collect();
    log();
    let mut records = logs.take();
    assert_eq!(records.len(), 1, "{records:?}");
    records.pop().unwrap()
}

#[test]
fn thresholds_of_every_kind_at_every_level() {
    let [debug, info, warn, error, slow, stat, severe, alert, stack] = Kind::ALL;
    for (level, stopped) in [
        (Level::Debug, vec![]),
        (Level::Info, vec![debug]),
        (Level::Warn, vec![debug, info, stat]),
        (Level::Error, vec![debug, info, warn, stat]),
        (Level::Severe, vec![debug, info, warn, error, slow, stat, stack]),
        (Level::Off, vec![debug, info, warn, error, slow, stat, severe, alert, stack]),
    ] {
        for kind in Kind::ALL {
            assert_eq!(kind.passes(level), !stopped.contains(&kind), "{kind} at {level}");
        }
        assert_eq!(level.as_str().to_uppercase().parse(), Ok(level));
    }
    let error = "warning".parse::<Level>().unwrap_err().to_string();
    assert!(error.contains("warning") && error.contains("debug, info, warn, error, severe, off"), "{error}");
}

/// go-zero's table of calls: the word, and which kinds carry caller and global fields.
#[test]
fn the_table_of_kinds() {
    for (kind, word, caller) in [
        (Kind::Debug, "debug", true),
        (Kind::Info, "info", true),
        (Kind::Warn, "warn", true),
        (Kind::Error, "error", true),
        (Kind::Slow, "slow", true),
        (Kind::Stat, "stat", true),
        (Kind::Stack, "error", false),
        (Kind::Severe, "fatal", false),
        (Kind::Alert, "alert", false),
    ] {
        let context = Context::new().with_field("of", "context");
        let object = object_of(Event::new(kind, Value::Str("x")).context(&context));
        assert_eq!((&object["level"], &object["content"]), (&word.into(), &"x".into()));
        assert_eq!(object.contains_key("caller"), caller, "{kind}");
        assert_eq!(object["of"], "context", "beyond go-zero, every kind takes fields");
    }
    let stack = one(|| logx::error_stack("text")).text();
    assert!(stack.starts_with("text\n") && stack.contains("contract.rs:"), "text, newline, stack: {stack}");
    assert!(!stack.contains("logx::stack") && !stack.contains("logx::logger"), "no frames of logx's own: {stack}");
    let severe = one(|| logx::severe!(uid = 7; "text"));
    assert!(severe.text().starts_with("text\n"));
    assert_eq!((severe.json("uid"), &*severe.caller), (7.into(), ""));
}

#[test]
fn a_value_is_rendered_once_for_a_line() {
    struct Counts<'a>(&'a Cell<u32>);
    impl fmt::Display for Counts<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("x")
        }
    }
    let (field, content) = (Cell::new(0), Cell::new(0));
    let counts = Counts(&field);
    let fields = [Field { key: Key::Static("v"), value: Value::Display(&counts) }];
    let _ = object_of(Event::new(Kind::Info, Value::Display(&Counts(&content))).fields(&fields));
    assert_eq!((field.get(), content.get()), (1, 1));
}

#[test]
fn a_lazy_content_is_any_value() {
    assert_eq!(one(|| logx::infofn(|| 7)).content, OwnedValue::I64(7));
    assert_eq!(one(|| logx::infofn(|| "text")).content, OwnedValue::text("text"));
    assert_eq!(one(|| logx::infofn(|| None::<i32>)).content, OwnedValue::Null);
    assert_eq!(one(|| logx::infofn(|| vec![1, 2])).text(), "[1,2]");
}

#[test]
fn keys_come_in_a_fixed_order_and_only_those_that_apply() {
    let context = Context::new().with_trace("t").with_span("s").with_field("z", 3);
    let log = logx::with_fields([field("y", 1)]).with_duration(Duration::from_millis(1));
    let event = Event::new(Kind::Info, Value::Str("c")).fields(&[]).logger(&log).context(&context);
    let line = text_of(event.caller(logx::Caller::Text("a/b.rs:1")), Encoding::Json);
    let rest = &line[line.find("\",\"level\"").unwrap()..];
    assert_eq!(
        rest,
        "\",\"level\":\"info\",\"caller\":\"a/b.rs:1\",\"content\":\"c\",\"y\":1,\"z\":3,\"duration\":\"1.0ms\",\"trace\":\"t\",\"span\":\"s\"}\n"
    );
    let bare = object_of(Event::new(Kind::Info, Value::Str("")));
    assert_eq!(bare.keys().collect::<Vec<_>>(), ["@timestamp", "caller", "content", "level"]);
    assert_eq!((&bare["caller"], &bare["content"]), (&"".into(), &"".into()), "an unknown caller and no content");
}

#[test]
fn the_last_source_of_a_key_wins_and_built_in_names_are_kept_beside() {
    let context = Context::new().with_trace("real").with_fields([field("k", "context"), field("caller", "context")]);
    let log = logx::with_fields([field("k", "logger"), field("l", "logger"), field("m", "old"), field("m", "new")]);
    let fields = [field("k", "call"), field("l", "call"), field("level", "mine"), field("trace", "mine")];
    let object = object_of(Event::new(Kind::Info, Value::Str("c")).fields(&fields).logger(&log).context(&context));
    for (key, want) in [
        ("k", "context"),
        ("l", "call"),
        ("m", "new"),
        ("level", "info"),
        ("fields.level", "mine"),
        ("trace", "real"),
        ("fields.trace", "mine"),
        ("fields.caller", "context"),
        ("caller", ""),
    ] {
        assert_eq!(object[key], want, "{key}");
    }
}

#[test]
fn strings_are_escaped_as_in_go() {
    let text = "\"\\\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}\u{2028}\u{2029}<>&é";
    assert_eq!(printed(Value::Str(text)), "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\u{7f}\\u2028\\u2029<>&é\"");
    let object = object_of(Event::new(Kind::Info, Value::Null).fields(&[field("<&>\n", 1), field("", 2)]));
    assert_eq!((&object["<&>\n"], &object[""]), (&1.into(), &2.into()));
}

struct Card;
impl Sensitive for Card {
    fn mask(&self) -> OwnedValue {
        OwnedValue::text("****1111")
    }
}

#[test]
fn values_are_encoded_as_in_go() {
    let wrapped = std::io::Error::other("disk is full");
    let minute = Time { secs: 1_577_836_800, nanos: 123_000_000, offset: 3_600 };
    let late = Time { nanos: 5, offset: 0, ..minute };
    let times = [Value::Time(late)];
    for (value, want) in [
        (Value::Error(&wrapped), "\"disk is full\""),
        (
            Value::List(&[Value::Error(&wrapped), Value::Error(&fmt::Error)]),
            "[\"disk is full\",\"an error occurred when formatting an argument\"]",
        ),
        (Value::from(Duration::from_micros(1_500)), "\"1.5ms\""),
        (Value::Duration(-1), "\"-1ns\""),
        (Value::List(&[Value::Duration(0), Value::Duration(5_400_000_000_000)]), "[\"0s\",\"1h30m0s\"]"),
        (Value::Time(minute), "\"2020-01-01T01:00:00.123+01:00\""),
        (Value::List(&times), "[\"2020-01-01 00:00:00.000000005 +0000 UTC\"]"),
        (Value::Display(&7), "\"7\""),
        (Value::Debug(&"q"), "\"\\\"q\\\"\""),
        (Value::Null, "null"),
        (Value::from(None::<&str>), "null"),
        (Value::Bytes(b"\xff\xfe"), "\"//4=\""),
        (Value::serde(&[1, 2]), "[1,2]"),
        (Value::Masked(&Card), "\"****1111\""),
        (Value::I64(i64::MIN), "-9223372036854775808"),
        (Value::U64(u64::MAX), "18446744073709551615"),
        (Value::F64(100.0), "100"),
        (Value::F64(1e21), "1e+21"),
        (Value::F32(0.1), "0.1"),
        (Value::List(&[]), "[]"),
    ] {
        assert_eq!(printed(value), want);
    }
}

#[test]
fn an_error_prints_its_causes_once() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot save")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Outer(std::io::Error::other("disk is full"));
    assert_eq!(printed(Value::Error(&error)), "\"cannot save: disk is full\"");
}

#[test]
fn contents_are_encoded_as_in_go_but_errors_keep_their_text() {
    let error = std::io::Error::other("disk is full");
    assert_eq!(content_of(Value::Error(&error)), "disk is full");
    assert_eq!(content_of(Value::Display(&1.5)), "1.5");
    assert_eq!(content_of(Value::Duration(1_500)), 1_500, "a duration is its nanoseconds");
    assert_eq!(content_of(Value::Bytes(b"hi")), "aGk=");
    assert_eq!(content_of(Value::Null), serde_json::Value::Null);
    assert_eq!(content_of(Value::serde(&vec![1, 2])), serde_json::json!([1, 2]));
    assert_eq!(content_of(Value::Masked(&Card)), "****1111");
    assert_eq!(content_of(Value::Str("text")), "text");
}

#[test]
fn the_later_duration_wins_also_over_a_field_of_that_name() {
    let log = logx::with_duration(Duration::from_secs(5)).with_duration(Duration::from_micros(150));
    let object = object_of(Event::new(Kind::Info, Value::Null).logger(&log));
    assert_eq!(object["duration"], "0.2ms");
    let log = log.with_fields([field("duration", "mine")]);
    assert_eq!(object_of(Event::new(Kind::Info, Value::Null).logger(&log))["duration"], "mine");
    let log = log.with_duration(Duration::from_secs(1));
    assert_eq!(object_of(Event::new(Kind::Info, Value::Null).logger(&log))["duration"], "1000.0ms");
}

#[inline(never)]
fn helper(log: &Log) {
    log.info("from the helper");
}

#[inline(never)]
fn outer_helper(log: &Log) {
    helper(log);
}

#[test]
fn caller_skip_sets_and_does_not_add() {
    let here = one(|| logx::with_caller_skip(0).info("x"));
    assert_eq!(*here.caller, *format!("tests/contract.rs:{}", line!() - 1));
    let log = logx::with_caller_skip(2).with_caller_skip(1);
    let up = one(|| helper(&log));
    assert_eq!(*up.caller, *format!("tests/contract.rs:{}", line!() - 1));
    let up_two = one(|| outer_helper(&log.with_caller_skip(2)));
    assert_eq!(*up_two.caller, *format!("tests/contract.rs:{}", line!() - 1));
    assert_eq!(&*one(|| logx::logger().with_caller("mine.rs:1").info("x")).caller, "mine.rs:1");
}

#[test]
fn plain_lines_hold_the_same_values_in_the_same_order() {
    let context = Context::new().with_trace("t\tt").with_span("s");
    let fields = [
        field("m", Value::serde(&std::collections::BTreeMap::from([("z", 1)])).to_owned_value()),
        field("text", "a b"),
        field("level", "mine"),
        field("none", Value::Null),
        field("took", Duration::from_micros(1_500)),
        field("bytes", Value::Bytes(b"hi")),
    ];
    let event = Event::new(Kind::Severe, Value::Str("one\ntwo\tthree")).fields(&fields).context(&context);
    let line = text_of(event, Encoding::Plain);
    let (_, rest) = line.split_once('\t').unwrap();
    assert_eq!(
        rest,
        " fatal \tone\\ntwo\\tthree\tm={\"z\":1}\ttext=a b\tfields.level=mine\tnone=null\ttook=1.5ms\tbytes=aGk=\ttrace=t\\tt\tspan=s\n"
    );
    let json = text_of(Event::new(Kind::Info, Value::serde(&["<b>"])), Encoding::Plain);
    assert!(json.ends_with("\t[\"<b>\"]\tcaller=\n"), "JSON contents on one line, not escaped for HTML: {json}");
    let text = text_of(Event::new(Kind::Info, Value::serde(&"text")), Encoding::Plain);
    assert!(text.contains("\ttext\t"), "text has no quotes: {text}");
}

trait ToOwnedValue {
    fn to_owned_value(&self) -> Value<'static>;
}

impl ToOwnedValue for Value<'_> {
    /// The value, kept for ever: a test may.
    fn to_owned_value(&self) -> Value<'static> {
        Box::leak(Box::new(OwnedValue::from_value(*self))).as_value()
    }
}

#[test]
fn levels_are_coloured_for_a_terminal_and_padded_always() {
    let line = |colored: bool, kind: Kind, text: &str| {
        let memory = std::sync::Mutex::new(Vec::new());
        let own = std::sync::Arc::new(memory);
        let out = std::sync::Arc::clone(&own);
        Event::new(kind, Value::Str(text)).write_to(&logx::from_fn(move |record| {
            record.push_plain(&mut out.lock().unwrap(), colored);
            Ok(())
        }));
        String::from_utf8(std::mem::take(&mut *own.lock().unwrap())).unwrap()
    };
    for (kind, color) in [
        (Kind::Alert, 31),
        (Kind::Error, 31),
        (Kind::Severe, 31),
        (Kind::Info, 34),
        (Kind::Slow, 33),
        (Kind::Debug, 33),
        (Kind::Stat, 32),
    ] {
        assert!(line(true, kind, "x").contains(&format!("\t\u{1b}[1;{color}m {} \u{1b}[0m\t", kind.word())));
        assert!(line(false, kind, "x").contains(&format!("\t {} \t", kind.word())));
    }
    let painted = "\u{1b}[31;1mred\u{1b}[0m and \u{1b}[2J\u{1b}[8mhidden";
    assert!(
        line(true, Kind::Info, painted).contains("\u{1b}[31;1mred\u{1b}[0m and \\u001b[2J\\u001b[8mhidden\u{1b}[0m\t")
    );
    assert!(line(false, Kind::Info, painted).contains("\\u001b[31;1mred"));
}

#[test]
fn loggers_and_contexts_copy_what_they_extend() {
    let parent = logx::with_fields((0..5).map(|i| field(["a", "b", "c", "d", "e"][i], i)));
    let (left, right) = (parent.with_fields([field("left", 1)]), parent.with_fields([field("right", 2)]));
    let keys = |log: &Log| -> Vec<String> { one(|| log.info("x")).fields.iter().map(|f| f.key.to_string()).collect() };
    assert_eq!(keys(&left), ["a", "b", "c", "d", "e", "left"]);
    assert_eq!(keys(&right), ["a", "b", "c", "d", "e", "right"]);
    assert_eq!(keys(&parent), ["a", "b", "c", "d", "e"]);
    let context = Context::new().with_field("a", 1);
    let (left, right) = (context.clone().with_field("left", 1), context.clone().with_field("right", 1));
    assert_eq!(keys(&logx::with_context(&left)), ["a", "left"]);
    assert_eq!(keys(&logx::with_context(&right)), ["a", "right"]);
    assert_eq!(keys(&logx::with_context(&context)), ["a"]);
    // A context replaces the one before and leaves fields alone.
    assert_eq!(keys(&parent.with_context(&left).with_context(&right)), ["b", "c", "d", "e", "a", "right"]);
}

#[test]
fn trace_and_span_come_from_the_context_each_only_if_it_is_there() {
    let both = Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_span("b7ad6b7169203331");
    let record = one(|| logx::with_context(&both).info("x"));
    assert_eq!(record.trace.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(record.span.as_deref(), Some("b7ad6b7169203331"));
    let one_only = one(|| logx::scope(&Context::new().with_trace("t"), || logx::info("x")));
    assert_eq!((one_only.trace.as_deref(), one_only.span), (Some("t"), None));
    assert_eq!(one(|| logx::info("x")).trace, None);
    let ids = logx::TraceIds::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 0xb7ad_6b71_6920_3331);
    assert_eq!((ids.trace(), ids.span()), (both.trace().unwrap(), both.span().unwrap()));
}

#[test]
fn a_context_comes_first_and_a_format_is_formatted_once() {
    let context = Context::new().with_field("of", "context");
    let record = one(|| logx::with_context(&context).errorf(format_args!("100%% {}", "50%d {}")));
    assert_eq!((record.text().as_str(), record.json("of")), ("100%% 50%d {}", "context".into()));
}

#[test]
fn masks_hold_for_fields_contents_contexts_and_inside_structures() {
    #[derive(serde::Serialize)]
    struct Payment {
        card: logx::Masked<String>,
        inner: Vec<logx::Masked<String>>,
    }
    let secret = || logx::Masked("RAW-SECRET".to_owned());
    let payment = Payment { card: secret(), inner: vec![secret()] };
    let nested = [Value::Masked(&Card)];
    let fields = [
        Field { key: Key::Static("card"), value: Value::Masked(&Card) },
        Field { key: Key::Static("list"), value: Value::List(&nested) },
        Field { key: Key::Static("payment"), value: Value::serde(&payment) },
    ];
    let context = Context::new().with_field("ctx", Value::Masked(&Card));
    let line = text_of(Event::new(Kind::Info, Value::Masked(&Card)).fields(&fields).context(&context), Encoding::Json);
    assert!(!line.contains("RAW-SECRET"), "{line}");
    assert_eq!(line.matches("****1111").count(), 4, "{line}");
    assert_eq!(line.matches("\"***\"").count(), 2, "{line}");
    assert_eq!(format!("{0} {0:?}", secret()), "*** ***");
}

#[test]
fn the_configuration_has_go_zeros_keys_and_defaults() {
    let conf: LogConf = serde_json::from_str("{}").unwrap();
    assert_eq!(conf, LogConf::default());
    assert!(
        conf.stat && conf.level == Level::Info && conf.path.as_os_str() == "logs" && conf.stack_cooldown_millis == 100
    );
    let all = r#"{"ServiceName":"shop","Mode":"volume","Encoding":"plain","TimeFormat":"15:04","Path":"/var/log","Level":"severe",
        "MaxContentLength":9,"Compress":true,"Stat":false,"KeepDays":3,"StackCooldownMillis":7,"MaxBackups":4,"MaxSize":5,
        "Rotation":"size","FileTimeFormat":"2006","FieldKeys":{"ContentKey":"msg","LevelKey":""}}"#;
    let conf: LogConf = serde_json::from_str(all).unwrap();
    assert_eq!((conf.level, conf.rotation, conf.max_size, conf.stat), (Level::Severe, Rotation::Size, 5, false));
    assert_eq!(
        (&*conf.field_keys.content, &*conf.field_keys.level),
        ("msg", "level"),
        "an empty name keeps the default"
    );
    conf.validate().unwrap();
    assert!(serde_json::from_str::<LogConf>(r#"{"Level":"loud"}"#).is_err(), "go-zero ignores an unknown level");
    assert!(serde_json::from_str::<LogConf>(r#"{"Mode":"volumn"}"#).is_err(), "go-zero falls back to console");
    for (bad, key) in [
        (r#"{"Mode":"volume"}"#, "ServiceName"),
        (r#"{"TimeFormat":"15\"04"}"#, "TimeFormat"),
        (r#"{"FieldKeys":{"TraceKey":"level"}}"#, "FieldKeys"),
        (r#"{"FieldKeys":{"TraceKey":"fields.level"}}"#, "FieldKeys"),
    ] {
        let error = serde_json::from_str::<LogConf>(bad).unwrap().validate().unwrap_err().to_string();
        assert!(error.starts_with(key), "{error}");
    }
}

#[test]
fn collectors_keep_records_of_any_number_of_lines() {
    let logs = logx::testing::collect();
    logx::info("one");
    logx::infov(&[1, 2]);
    logx::error("three");
    let texts: Vec<String> = logs.records().iter().map(OwnedRecord::text).collect();
    assert_eq!(texts, ["one", "[1,2]", "three"]);
    assert_eq!(logs.one(Kind::Error, "thr").kind, Kind::Error);
    let inner = logx::testing::collect();
    logx::info("inner");
    assert_eq!((inner.records().len(), logs.records().len()), (1, 3), "the innermost collects");
    drop(inner);
    logx::info("outer again");
    assert_eq!(logs.take().len(), 4);
    assert!(logs.records().is_empty());
}
