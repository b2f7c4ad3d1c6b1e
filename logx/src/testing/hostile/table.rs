//! The table of hostile calls.

use std::collections::{BTreeMap, HashMap};

use super::Case;
use super::values::{
    Circle, Deep, Disorder, Fails, Logs, LogsItself, Number, Panics, PanicsTwice, PanicsWhenDropped, Raw, Swallows,
    SwallowsAll, Twice, Writes, deep_lists,
};
use crate::{Event, Field, Key, Kind, Value, field};

/// A value that is replaced by a mark, counted.
const fn bad(name: &'static str, run: fn()) -> Case {
    Case { name, run, lines: 1, counted: true, siblings: true }
}

/// A value that is unusual but printed.
const fn odd(name: &'static str, run: fn()) -> Case {
    Case { name, run, lines: 1, counted: false, siblings: true }
}

/// The content misbehaves; there are no fields.
const fn content(name: &'static str, counted: bool, run: fn()) -> Case {
    Case { name, run, lines: 1, counted, siblings: false }
}

/// A line of a value between its two neighbours.
fn value(value: Value<'_>) {
    fields(&[Field { key: Key::Dyn("v"), value }]);
}

fn fields(middle: &[Field<'_>]) {
    let mut all = vec![field(super::BEFORE, 1)];
    all.extend_from_slice(middle);
    all.push(field(super::AFTER, 2));
    crate::infow("hostile", &all);
}

/// Every control character, quotes, separators, colours, a forged line, and characters of all lengths.
const TEXT: &str = "\0\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\t\n\u{b}\u{c}\r\u{e}\u{f}\u{10}\u{11}\u{12}\u{13}\u{14}\u{15}\u{16}\u{17}\u{18}\u{19}\u{1a}\u{1b}[31m\u{1c}\u{1d}\u{1e}\u{1f}\u{7f}\u{85}\"\\/<>&\u{2028}\u{2029}é漢🦀\u{feff}\u{202e}\n{\"@timestamp\":\"forged\"}\n2026-01-01T00:00:00.000Z\t info \tforged";

/// Every name of a key that logx prints itself, and of what such a field is renamed to.
const BUILT_IN: &[&str] = &[
    "@timestamp",
    "level",
    "caller",
    "content",
    "duration",
    "trace",
    "span",
    "truncated",
    "fields.level",
    "fields.content",
];

fn built_in_names(times: usize) {
    let names: Vec<Field<'_>> =
        BUILT_IN.iter().cycle().take(BUILT_IN.len() * times).map(|k| field(k, "mine")).collect();
    let context = crate::Context::new().with_trace("t").with_span("s").with_fields([field("level", "context's")]);
    let log = crate::with_fields([field("caller", "logger's")]).with_context(&context);
    let mut all = vec![field(super::BEFORE, 1)];
    all.extend(names);
    all.push(field(super::AFTER, 2));
    log.with_duration(std::time::Duration::from_millis(1)).infow("hostile", &all);
}

/// The hostile calls.
pub const CASES: &[Case] = &[
    bad("a Display that panics", || crate::log!(Kind::Info, before = 1, v:display = Panics, after = 2; "hostile")),
    bad("a Display that fails", || crate::log!(Kind::Info, before = 1, v:display = Fails, after = 2; "hostile")),
    bad(
        "a Display whose panic panics",
        || crate::log!(Kind::Info, before = 1, v:display = PanicsTwice, after = 2; "hostile"),
    ),
    bad("a Debug that panics", || crate::log!(Kind::Info, before = 1, v:debug = Panics, after = 2; "hostile")),
    bad("a Debug that fails", || crate::log!(Kind::Info, before = 1, v:debug = Fails, after = 2; "hostile")),
    bad("an Error that panics", || crate::log!(Kind::Info, before = 1, v:err = Panics, after = 2; "hostile")),
    bad("an Error that fails", || crate::log!(Kind::Info, before = 1, v:err = Fails, after = 2; "hostile")),
    odd("an Error that is its own cause", || crate::log!(Kind::Info, before = 1, v:err = Circle, after = 2; "hostile")),
    bad("a Serialize that panics", || crate::log!(Kind::Info, before = 1, v:serde = Panics, after = 2; "hostile")),
    bad("a Serialize that fails", || crate::log!(Kind::Info, before = 1, v:serde = Fails, after = 2; "hostile")),
    bad(
        "a Serialize that fails inside a list",
        || crate::log!(Kind::Info, before = 1, v = vec![Fails, Fails], after = 2; "hostile"),
    ),
    bad("a Serialize that swallows a failure", || {
        crate::log!(Kind::Info, before = 1, v:serde = Swallows { panic: false }, after = 2; "hostile");
    }),
    bad("a Serialize that swallows a panic", || {
        crate::log!(Kind::Info, before = 1, v:serde = Swallows { panic: true }, after = 2; "hostile");
    }),
    bad("a key after a key", || crate::log!(Kind::Info, before = 1, v:serde = Disorder::KeyKey, after = 2; "hostile")),
    bad(
        "a value without a key",
        || crate::log!(Kind::Info, before = 1, v:serde = Disorder::ValueFirst, after = 2; "hostile"),
    ),
    bad("a disorder that another value swallows", || {
        let inner = [Disorder::KeyKey, Disorder::KeyEnd];
        crate::log!(Kind::Info, before = 1, v = vec![vec![SwallowsAll(inner)]], after = 2; "hostile");
    }),
    bad("a key at the end", || crate::log!(Kind::Info, before = 1, v:serde = Disorder::KeyEnd, after = 2; "hostile")),
    bad("an Encode that writes nothing", || value(Value::Encode(&Writes(0)))),
    bad("an Encode that writes two values", || value(Value::Encode(&Writes(2)))),
    odd("an Encode that writes one value", || value(Value::Encode(&Writes(1)))),
    bad("a secret whose mask panics", || crate::log!(Kind::Info, before = 1, v:mask = Panics, after = 2; "hostile")),
    bad("NaN", || crate::log!(Kind::Info, before = 1, v = f64::NAN, after = 2; "hostile")),
    bad("infinities", || {
        crate::log!(Kind::Info, before = 1, a = f64::INFINITY, b = f64::NEG_INFINITY, c = f32::NAN, after = 2; "hostile");
    }),
    bad("NaN in a list", || crate::log!(Kind::Info, before = 1, v = vec![1.0, f64::NAN], after = 2; "hostile")),
    odd("keys that are no text", || {
        let v = BTreeMap::from([((1, "two"), 1), ((3, "four\n\""), 2)]);
        let w = HashMap::from([(Some(true), 1), (None, 2)]);
        let numbers = BTreeMap::from([(1.5_f64.to_bits(), 1), (2, 3)]);
        crate::log!(Kind::Info, before = 1, v, w, numbers, after = 2; "hostile");
    }),
    odd(
        "equal keys in structs and maps",
        || crate::log!(Kind::Info, before = 1, v:serde = Twice, after = 2; "hostile"),
    ),
    odd("raw JSON over several lines", || {
        crate::log!(Kind::Info, before = 1, v:serde = Raw("{\"a\":1,\n\"a\":{\"b\":[1 ,\t2],\"b\":3}}"), after = 2; "hostile");
    }),
    bad(
        "raw JSON that is none",
        || crate::log!(Kind::Info, before = 1, v:serde = Raw("{\"a\":\n"), after = 2; "hostile"),
    ),
    bad("raw JSON that ends the line", || {
        crate::log!(Kind::Info, before = 1, v:serde = Raw("1}\n{\"forged\":1}"), after = 2; "hostile");
    }),
    odd("a number of many digits", || {
        crate::log!(Kind::Info, before = 1, v:serde = Number("123456789012345678901234567890"), w = u128::MAX, after = 2; "hostile");
    }),
    bad(
        "a number that is none",
        || crate::log!(Kind::Info, before = 1, v:serde = Number("1,\"x\":2"), after = 2; "hostile"),
    ),
    bad("JSON text of anybody's", || value(Value::Json("1}\n{\"forged\":1}"))),
    odd("text of all sorts", || crate::log!(Kind::Info, before = 1, v = TEXT, after = 2; "hostile")),
    odd("text of all sorts inside a structure", || {
        crate::log!(Kind::Info, before = 1, v:serde = BTreeMap::from([(TEXT, [TEXT])]), after = 2; "hostile");
    }),
    odd("a key of all sorts", || fields(&[field(TEXT, TEXT), field("\"", 1), field("a=b\tc", 1)])),
    odd(
        "bytes that are no text",
        || crate::log!(Kind::Info, before = 1, v:bytes = b"\xff\xfe\0\n\"".as_slice(), after = 2; "hostile"),
    ),
    odd("bytes made text with replacements", || {
        crate::log!(Kind::Info, before = 1, v = String::from_utf8_lossy(b"a\xff\xc3\x28\n"), after = 2; "hostile");
    }),
    odd("long text", || {
        let text = "long \n".repeat(200_000);
        crate::log!(Kind::Info, before = 1, v = text, after = 2; "hostile");
    }),
    Case {
        lines: 2,
        ..odd("a value that logs", || crate::log!(Kind::Info, before = 1, v:display = Logs, after = 2; "hostile"))
    },
    Case {
        lines: 2,
        ..odd("a value that logs itself", || {
            crate::log!(Kind::Info, before = 1, v:display = LogsItself { severe: false }, after = 2; "hostile");
        })
    },
    Case {
        lines: 2,
        ..content("a severe content that logs itself", false, || crate::severe(LogsItself { severe: true }))
    },
    bad("lists in lists", || deep_lists(10_000, &mut value)),
    bad(
        "serialized lists in lists",
        || crate::log!(Kind::Info, before = 1, v:serde = Deep::Lists, after = 2; "hostile"),
    ),
    bad(
        "serialized variants in variants",
        || crate::log!(Kind::Info, before = 1, v:serde = Deep::Variants, after = 2; "hostile"),
    ),
    bad("wrappers without end", || crate::log!(Kind::Info, before = 1, v:serde = Deep::Wrappers, after = 2; "hostile")),
    bad("options without end", || crate::log!(Kind::Info, before = 1, v:serde = Deep::Options, after = 2; "hostile")),
    odd("fields named as logx names its own", || built_in_names(1)),
    odd("and each of them again", || built_in_names(3)),
    odd("fields of a macro named so", || {
        crate::log!(Kind::Info, before = 1, level = 1, content = "x", caller = 1, trace = 1, span = 1, truncated = 1,
            "@timestamp" = 1, "fields.level" = 2, after = 2; "hostile");
    }),
    odd("a thousand fields", || {
        let keys: Vec<String> = (0..1_000).map(|i| format!("k{i}")).collect();
        fields(&keys.iter().map(|k| field(k, 1)).collect::<Vec<_>>());
    }),
    odd("a thousand fields of one key", || {
        fields(&(0..1_000).map(|i| field("k", i)).collect::<Vec<_>>());
    }),
    odd("the empty key", || crate::log!(Kind::Info, before = 1, "" = 1, after = 2; "hostile")),
    odd("nested fields of one key", || {
        let inner = [field("a", 1), field("a", 2), field("", 3)];
        let outer = [Field { key: Key::Static("in"), value: Value::Object(&inner) }, field("in", 1), field("in", 2)];
        value(Value::Object(&outer));
    }),
    content("a content that panics", true, || crate::info(Panics)),
    content("a content that fails", true, || crate::info(Fails)),
    content("a formatted content that panics", true, || crate::log!(Kind::Info, "{} {}", 1, Panics)),
    content("a serialized content that panics", true, || crate::infov(&Panics)),
    content("a content that is NaN", true, || crate::infov(&f64::NAN)),
    content("a content of all sorts", false, || crate::info(TEXT)),
    content("a serialized text of all sorts", false, || crate::infov(&TEXT)),
    content("a content over several lines", false, || crate::infov(&Raw("[1,\n2]"))),
    content("a lazy content that panics", true, || crate::infofn(|| -> i32 { panic!("on purpose") })),
    content("a lazy content that panics when it goes", true, || crate::infofn(|| PanicsWhenDropped)),
    content("a line of another library", false, || {
        let caller = crate::Caller::Text("a\n\"b\"");
        Event::new(Kind::Info, Value::Str(TEXT)).caller(caller).target("a\nb").log();
    }),
    content("an error with a stack", false, || crate::error_stack(TEXT)),
];
