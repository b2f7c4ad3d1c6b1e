//! URL query strings.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The pairs of a query string as a JSON object of strings; of a repeated name the last value counts.
pub(crate) fn parse(raw: &str) -> Value {
    let mut map = Map::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        map.insert(unescape(name), Value::String(unescape(value)));
    }
    Value::Object(map)
}

fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let rest = bytes.clone();
                let hex: Vec<u8> = rest.take(2).collect();
                match std::str::from_utf8(&hex)
                    .ok()
                    .filter(|hex| hex.len() == 2)
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                {
                    Some(decoded) => {
                        out.push(decoded);
                        bytes.next();
                        bytes.next();
                    }
                    None => out.push(byte),
                }
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Escapes a value for a query string.
pub(crate) fn escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
