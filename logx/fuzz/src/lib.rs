//! Any bytes as a record full of hostile values, through the JSON and the plain writer: always one whole line.

use std::fmt;

use logx::sink::stream;
use logx::testing::hostile::{Memory, check_line};
use logx::{Context, Encoding, Event, Field, Key, Kind, NativeWriter, OwnedField, OwnedValue, Time, Value, Writer};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

/// Checks the record that `data` describes.
///
/// # Panics
/// When a line breaks, or a call does not come back.
pub fn check(data: &[u8]) {
    for encoding in [Encoding::Json, Encoding::Plain] {
        let memory = Memory::default();
        log(&mut Source(data), &NativeWriter::new(stream(memory.clone()), encoding));
        let out = memory.take();
        let line = out.strip_suffix('\n').unwrap_or_else(|| panic!("no newline: {out:?}"));
        match encoding {
            Encoding::Json => {
                let object = check_line(line).unwrap_or_else(|e| panic!("{e}"));
                for key in ["@timestamp", "level", "content"] {
                    assert!(object.contains_key(key), "no {key}: {line}");
                }
            }
            Encoding::Plain => {
                assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line:?}");
                assert!(line.split('\t').count() >= 3, "{line:?}");
            }
        }
    }
}

/// Logs the record through `writer`.
fn log(source: &mut Source<'_>, writer: &dyn Writer) {
    let kind = Kind::ALL[source.below(Kind::ALL.len())];
    let content = source.node(0);
    let fields = source.fields();
    let mut context = Context::new().with_fields(source.owned_fields());
    if source.flag() {
        context = context.with_trace(source.text());
    }
    if source.flag() {
        context = context.with_span(source.text());
    }
    let mut logger = logx::with_fields(source.owned_fields());
    if source.flag() {
        logger = logger.with_duration_nanos(source.number() as i64);
    }
    let caller = source.text();
    content.with_value(&mut |content| {
        with_fields(&fields, &mut Vec::new(), &mut |fields| {
            Event::new(kind, content)
                .fields(fields)
                .logger(&logger)
                .context(&context)
                .caller(logx::Caller::Text(&caller))
                .write_to(writer);
        });
    });
}

/// The fields one after another, each borrowed from its node.
fn with_fields<'a>(rest: &'a [(String, Node)], done: &mut Vec<Field<'a>>, use_it: &mut dyn FnMut(&[Field<'_>])) {
    for (key, node) in rest {
        done.push(Field { key: Key::Dyn(key), value: node.value() });
    }
    use_it(done);
}

/// A value that misbehaves in any way that a program can say.
#[derive(Debug)]
enum Node {
    Owned(OwnedValue),
    Text(String),
    Panics(String),
    Fails(String),
    List(Vec<Node>),
    /// Keys may be of any kind, and come again.
    Map(Vec<(Node, Node)>),
    Struct(Vec<(&'static str, Node)>),
    Wrapped(Box<Node>),
    /// Goes on after a failure.
    Swallows(Vec<Node>),
    /// A key without a value, or the reverse.
    Disorder(Vec<(bool, Node)>),
    Raw(String),
    Float(f64),
    Display(Box<Node>),
    Debug(Box<Node>),
}

impl Node {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Owned(value) => value.as_value(),
            Self::Text(text) => Value::Str(text),
            Self::Float(n) => Value::F64(*n),
            Self::Raw(text) => Value::Json(text),
            Self::Display(node) => Value::Display(&**node),
            Self::Debug(node) => Value::Debug(&**node),
            other => Value::Encode(other),
        }
    }

    fn with_value(&self, use_it: &mut dyn FnMut(Value<'_>)) {
        use_it(self.value());
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panics(text) => panic!("{text}"),
            Self::Fails(text) => {
                f.write_str(text)?;
                Err(fmt::Error)
            }
            Self::Text(text) | Self::Raw(text) => f.write_str(text),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Owned(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Panics(text) => panic!("{text}"),
            Self::Fails(text) => Err(S::Error::custom(text)),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(k, v)| (k, v))),
            Self::Struct(fields) => {
                let mut open = serializer.serialize_struct("Struct", fields.len())?;
                for (key, value) in fields {
                    open.serialize_field(key, value)?;
                }
                open.end()
            }
            Self::Wrapped(node) => serializer.serialize_newtype_variant("Wrapped", 0, "variant", node),
            Self::Swallows(items) => {
                let mut open = serializer.serialize_seq(None)?;
                for item in items {
                    let _ = open.serialize_element(item);
                }
                open.end()
            }
            Self::Disorder(steps) => {
                let mut open = serializer.serialize_map(None)?;
                for (is_key, node) in steps {
                    let _ = if *is_key { open.serialize_key(node) } else { open.serialize_value(node) };
                }
                open.end()
            }
            Self::Raw(text) => {
                let name = "$serde_json::private::RawValue";
                let mut open = serializer.serialize_struct(name, 1)?;
                open.serialize_field(name, text)?;
                open.end()
            }
            Self::Float(n) => serializer.serialize_f64(*n),
            Self::Display(node) => serializer.collect_str(node),
            Self::Debug(node) => serializer.serialize_some(node),
        }
    }
}

/// Bytes read as choices; zeros when they are used up.
struct Source<'a>(&'a [u8]);

/// Keys that collide with each other and with logx's own.
const KEYS: [&str; 12] = [
    "a",
    "b",
    "",
    "level",
    "content",
    "caller",
    "@timestamp",
    "trace",
    "duration",
    "truncated",
    "fields.level",
    "\"\n",
];

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn number(&mut self) -> u64 {
        (0..8).fold(0, |n, _| n << 8 | u64::from(self.byte()))
    }

    fn text(&mut self) -> String {
        let len = self.below(24).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn key(&mut self) -> String {
        match self.below(KEYS.len() + 4) {
            i if i < KEYS.len() => KEYS[i].to_owned(),
            _ => self.text(),
        }
    }

    /// Text in the alphabet of JSON.
    fn json(&mut self) -> String {
        const ALPHABET: &[u8] = b"{}[]:,\"\\ \n0123456789.eE+-truefalsnabu";
        let len = self.below(32);
        (0..len).map(|_| char::from(ALPHABET[self.below(ALPHABET.len())])).collect()
    }

    fn many<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let n = self.below(5);
        (0..n).map(|_| make(self)).collect()
    }

    fn fields(&mut self) -> Vec<(String, Node)> {
        self.many(|s| (s.key(), s.node(0)))
    }

    fn owned_fields(&mut self) -> Vec<OwnedField> {
        self.many(|s| OwnedField::new(s.key(), s.owned(0)))
    }

    fn owned(&mut self, depth: u32) -> OwnedValue {
        match self.below(if depth > 4 { 10 } else { 12 }) {
            0 => OwnedValue::Null,
            1 => OwnedValue::Bool(self.flag()),
            2 => OwnedValue::I64(self.number() as i64),
            3 => OwnedValue::U64(self.number()),
            4 => OwnedValue::F64(f64::from_bits(self.number())),
            5 => OwnedValue::F32(f32::from_bits(self.number() as u32)),
            6 => OwnedValue::text(self.text()),
            7 => OwnedValue::Bytes(self.text().into_bytes().into()),
            8 => OwnedValue::Duration(self.number() as i64),
            9 => {
                let (secs, nanos, offset) = (self.number() as i64, self.number() as u32, self.number() as i32);
                OwnedValue::Time(Time { secs, nanos: nanos % 1_000_000_000, offset: offset % 86_400 })
            }
            10 => OwnedValue::List(self.many(|s| s.owned(depth + 1))),
            _ => OwnedValue::Object(self.many(|s| OwnedField { key: s.key().into(), value: s.owned(depth + 1) })),
        }
    }

    fn node(&mut self, depth: u32) -> Node {
        let deeper = depth + 1;
        match self.below(if depth > 6 { 6 } else { 14 }) {
            0 => Node::Owned(self.owned(depth)),
            1 => Node::Text(self.text()),
            2 => Node::Panics(self.text()),
            3 => Node::Fails(self.text()),
            4 => Node::Raw(self.json()),
            5 => Node::Float(f64::from_bits(self.number())),
            6 => Node::List(self.many(|s| s.node(deeper))),
            7 => Node::Map(self.many(|s| (s.node(deeper), s.node(deeper)))),
            8 => Node::Struct(self.many(|s| (KEYS[s.below(KEYS.len())], s.node(deeper)))),
            9 => Node::Wrapped(Box::new(self.node(deeper))),
            10 => Node::Swallows(self.many(|s| s.node(deeper))),
            11 => Node::Disorder(self.many(|s| (s.flag(), s.node(deeper)))),
            12 => Node::Display(Box::new(self.node(deeper))),
            _ => Node::Debug(Box::new(self.node(deeper))),
        }
    }
}
