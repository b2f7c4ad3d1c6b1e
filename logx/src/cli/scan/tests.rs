//! The scanner against serde_json: the same lines are objects, and a key that comes twice is always noticed.

use std::fmt;

use crate::cli::scan::{DefectKind, Scanner, Utf8};
use proptest::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// What serde_json says: no object, an object, or an object with a key twice somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NoObject,
    Unique,
    Twice,
}

/// Reads a value with serde_json and notes whether any object has a key twice.
struct Oracle<'t>(&'t mut bool);

impl<'de> DeserializeSeed<'de> for Oracle<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Oracle<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Oracle(&mut *self.0))?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = std::collections::HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            *self.0 |= !keys.insert(key);
            entries.next_value_seed(Oracle(&mut *self.0))?;
        }
        Ok(())
    }
}

fn oracle(line: &[u8]) -> Verdict {
    let mut twice = false;
    let mut reader = serde_json::Deserializer::from_slice(line);
    let read = Oracle(&mut twice).deserialize(&mut reader).and_then(|()| reader.end());
    let object = line.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    // serde_json leaves the rest of a value unchecked as UTF-8 only where it ignores it; a String never is.
    match (read.is_ok() && object, twice) {
        (false, _) => Verdict::NoObject,
        (true, false) => Verdict::Unique,
        (true, true) => Verdict::Twice,
    }
}

fn scanned(scanner: &mut Scanner, line: &[u8]) -> Verdict {
    match scanner.scan(line, Utf8::Unchecked) {
        Err(_) => Verdict::NoObject,
        Ok(()) if scanner.duplicate().is_some() => Verdict::Twice,
        Ok(()) => Verdict::Unique,
    }
}

/// Texts that are nearly JSON: whole objects, with some of their bytes changed, cut or doubled.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u0061\"", "1", "0", "-", "-0", "01", "1.5", "1.", ".5", "1e5", "1E+", "1e999",
            "-1e400", "0e999", "true", "false", "null", "nul", " ", "\t", "\r", "\n", "\"", "\\", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"",
            "\"\\ud83d\\u0041\"", "\"\\x\"", "\"\\u12\"", "\"é\"", "\"\u{7f}\"", "\"\u{1}\"", "{}", "[]", "\"a\":1", "\"a\":{\"a\":1}",
            "{\"a\":1,\"a\":2}", "12345678901234567890123", "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(token, 0..14).prop_map(|parts| parts.concat())
}

fn json(depth: u32) -> impl Strategy<Value = String> {
    let text = "[a-c\"\\\\\u{e9}\n]{0,12}";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| serde_json::to_string(&n).unwrap()),
        text.prop_map(|s| serde_json::to_string(&s).unwrap()),
    ];
    leaf.prop_recursive(depth, 40, 6, |inner| {
        let space = prop::sample::select(vec!["", " ", "\t"]);
        let key = prop_oneof!["[a-d]{1,2}".prop_map(|s| format!("\"{s}\"")), Just("\"\\u0061\"".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(","))),
            (prop::collection::vec((key, inner), 0..6), space).prop_map(|(entries, space)| {
                let entries: Vec<_> = entries.iter().map(|(k, v)| format!("{k}{space}:{space}{v}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

fn object() -> impl Strategy<Value = String> {
    prop::collection::vec(("[a-e]{1,2}", json(4)), 0..7).prop_map(|entries| {
        let entries: Vec<_> = entries.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        format!("{{{}}}", entries.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn agrees_on_token_soup(inner in pieces(), wrap in any::<bool>()) {
        let line = if wrap { [b"{\"k\":".as_slice(), &inner, b"}"].concat() } else { inner };
        prop_assert_eq!(scanned(&mut Scanner::new(), &line), oracle(&line), "{}", String::from_utf8_lossy(&line));
    }

    #[test]
    fn agrees_on_objects_whole_and_damaged(object in object(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..4) {
        let mut line = object.into_bytes();
        let at = at.index(line.len());
        match how {
            0 => {}
            1 => line[at] = byte,
            2 => line.truncate(at),
            _ => line.insert(at, byte),
        }
        let mut scanner = Scanner::new();
        let want = oracle(&line);
        prop_assert_eq!(scanned(&mut scanner, &line), want, "{}", String::from_utf8_lossy(&line));
        if want != Verdict::NoObject {
            prop_assert_eq!(scanner.entries().len(), entries(&line).len());
            for (entry, (key, value)) in scanner.entries().iter().zip(entries(&line)) {
                prop_assert_eq!(&*crate::cli::located::key_of(&line, entry), key.as_bytes());
                let found: serde_json::Value = serde_json::from_slice(entry.value.of(&line)).unwrap();
                prop_assert_eq!(found, value);
            }
        }
    }
}

/// The outermost entries in their order, repeated keys too.
fn entries(line: &[u8]) -> Vec<(String, serde_json::Value)> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, serde_json::Value)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = map.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }
    serde_json::Deserializer::from_slice(line).deserialize_map(Entries).unwrap()
}

#[test]
fn nesting_ends_where_serde_json_ends() {
    for depth in [126, 127, 128, 100_000] {
        let line = format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(scanned(&mut Scanner::new(), line.as_bytes()), oracle(line.as_bytes()), "{depth}");
    }
}

#[test]
fn a_large_object_with_one_key_twice() {
    for count in [30, 31, 32, 33, 34, 1000, 200_000] {
        let mut entries: Vec<_> = (0..count).map(|n| format!("\"key{n}\":{n}")).collect();
        let mut scanner = Scanner::new();
        let unique = format!("{{{}}}", entries.join(","));
        assert_eq!(scanned(&mut scanner, unique.as_bytes()), Verdict::Unique, "{count}");
        // The repeated key is written with an escape, so that only its text is equal.
        entries.push("\"key\\u0031\":0".to_owned());
        let twice = format!("{{{}}}", entries.join(","));
        assert_eq!(scanned(&mut scanner, twice.as_bytes()), Verdict::Twice, "{count}");
        let at = scanner.duplicate().unwrap().at;
        assert!(twice[at..].starts_with("key\\u0031"), "{count}");
    }
}

#[test]
fn the_place_of_a_defect() {
    let mut scanner = Scanner::new();
    for (line, at, kind) in [
        ("{\"a\":tru", 8, DefectKind::Cut),
        ("{\"a\":1,}", 7, DefectKind::Expected("a key in quotes")),
        ("{\"a\" 1}", 5, DefectKind::Expected("':' after the key")),
        ("{\"a\":\"\u{1}\"}", 6, DefectKind::ControlCharacter(1)),
        ("  ", 2, DefectKind::Empty),
        ("{} x", 3, DefectKind::TrailingBytes),
        ("{\"a\":1e999}", 5, DefectKind::NumberOutOfRange),
    ] {
        let defect = scanner.scan(line.as_bytes(), Utf8::Unchecked).unwrap_err();
        assert_eq!((defect.at, defect.kind), (at, kind), "{line}");
    }
}
