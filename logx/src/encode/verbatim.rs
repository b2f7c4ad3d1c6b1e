//! JSON text made elsewhere, copied onto one line: checked, without white space, masked, with unique keys.

use super::json::MAX_DEPTH;
use super::keys::{Keys, Unique};
use super::string::push_quoted;
use crate::format::MaskKeys;
use crate::sensitive::MASK;

/// Appends the value that `text` holds; numbers keep their digits.
///
/// # Errors
/// Why it cannot stand in a line; what was appended by then is the caller's to take back.
pub(crate) fn push(out: &mut Vec<u8>, text: &str, masks: &MaskKeys, depth: u32) -> Result<(), &'static str> {
    let mut keys = Keys::take();
    let mut copy = Copy { text, at: 0, masks, keys: &mut keys, repeated: false };
    let result = copy.whole(out, depth);
    keys.give_back();
    result
}

/// Whether the object that `text` holds has a key twice; `None` where it is no JSON because a part of it failed.
pub(crate) fn has_duplicate_keys(text: &str) -> Option<bool> {
    let mut keys = Keys::take();
    let mut copy = Copy { text, at: 0, masks: &MaskKeys::default(), keys: &mut keys, repeated: false };
    let whole = copy.whole(&mut Vec::with_capacity(text.len()), 1);
    let repeated = copy.repeated;
    keys.give_back();
    whole.ok().map(|()| repeated)
}

const INVALID: &str = "not valid JSON";

struct Copy<'a> {
    text: &'a str,
    at: usize,
    masks: &'a MaskKeys,
    keys: &'a mut Keys,
    /// A key came twice.
    repeated: bool,
}

type Done = Result<(), &'static str>;

impl<'a> Copy<'a> {
    fn whole(&mut self, out: &mut Vec<u8>, depth: u32) -> Done {
        self.value(out, depth)?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(INVALID),
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, out: &mut Vec<u8>, depth: u32) -> Done {
        match self.peek().ok_or(INVALID)? {
            b'{' | b'[' if depth > MAX_DEPTH => Err("nested too deeply"),
            b'{' => self.object(out, depth),
            b'[' => self.list(out, depth),
            b'"' => self.string(out),
            b't' => self.word(out, "true"),
            b'f' => self.word(out, "false"),
            b'n' => self.word(out, "null"),
            _ => self.number(out),
        }
    }

    fn word(&mut self, out: &mut Vec<u8>, word: &str) -> Done {
        self.text.get(self.at..).filter(|rest| rest.starts_with(word)).ok_or(INVALID)?;
        out.extend_from_slice(word.as_bytes());
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Done {
        let rest = &self.text[self.at..];
        let len =
            rest.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let number = &rest[..len];
        if !is_number(number) {
            return Err("not a number that readers can take");
        }
        out.extend_from_slice(number.as_bytes());
        self.at += len;
        Ok(())
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Done {
        let rest: &'a str = &self.text[self.at..];
        let mut escaped = false;
        let mut end = None;
        for (i, b) in rest.bytes().enumerate().skip(1) {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    end = Some(i);
                    break;
                }
                _ => {}
            }
        }
        let end = end.ok_or(INVALID)?;
        let inner = &rest[1..end];
        if inner.bytes().any(|b| b == b'\\' || b < 0x20) {
            let decoded: String = serde_json::from_str(&rest[..=end]).map_err(|_| INVALID)?;
            push_quoted(out, &decoded);
        } else {
            push_quoted(out, inner);
        }
        self.at += end + 1;
        Ok(())
    }

    fn list(&mut self, out: &mut Vec<u8>, depth: u32) -> Done {
        self.at += 1;
        out.push(b'[');
        let mut first = true;
        while !self.take(b']') {
            if !std::mem::take(&mut first) {
                if !self.take(b',') {
                    return Err(INVALID);
                }
                out.push(b',');
            }
            self.value(out, depth + 1)?;
        }
        out.push(b']');
        Ok(())
    }

    fn object(&mut self, out: &mut Vec<u8>, depth: u32) -> Done {
        self.at += 1;
        out.push(b'{');
        let open = out.len();
        let mut unique = Unique::open(self.keys);
        let mut first = true;
        while !self.take(b'}') {
            if !std::mem::take(&mut first) && !self.take(b',') {
                return Err(INVALID);
            }
            if out.len() > open {
                out.push(b',');
            }
            self.entry(out, &mut unique, depth)?;
        }
        unique.close(self.keys);
        out.push(b'}');
        Ok(())
    }

    fn entry(&mut self, out: &mut Vec<u8>, unique: &mut Unique, depth: u32) -> Done {
        if self.peek() != Some(b'"') {
            return Err(INVALID);
        }
        let start = out.len();
        self.string(out)?;
        let kept = unique.add(self.keys, out, start);
        self.repeated |= kept != start;
        if !self.take(b':') {
            return Err(INVALID);
        }
        let covered = std::str::from_utf8(&out[kept..]).is_ok_and(|key| self.masks.covers(key.trim_matches('"')));
        out.push(b':');
        if covered {
            let value = out.len();
            self.value(out, depth + 1)?;
            out.truncate(value);
            push_quoted(out, MASK);
            return Ok(());
        }
        self.value(out, depth + 1)
    }
}

/// JSON's grammar of numbers, in the range of a double: readers refuse a line with one beyond it.
pub(crate) fn is_number(text: &str) -> bool {
    // Less than twenty characters without an exponent are always in range.
    let in_range = || text.parse().is_ok_and(f64::is_finite);
    has_grammar(text) && ((text.len() < 20 && !text.contains(['e', 'E'])) || in_range())
}

fn has_grammar(text: &str) -> bool {
    const LONGEST: usize = 400;
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) || text.len() > LONGEST {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn copied(text: &str) -> Result<String, &'static str> {
        let mut out = Vec::new();
        push(&mut out, text, &MaskKeys::new(["secret"]), 1)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn white_space_and_duplicates_go_and_digits_stay() {
        for (text, want) in [
            (" { \"a\" : [ 1 ,\n2 ] , \"b\":{ } } ", r#"{"a":[1,2],"b":{}}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":3}"#),
            (r#"{"a":1,"\u0061":2}"#, r#"{"a":2}"#),
            (r#"{"x":{"a":1,"a":2},"a":{"a":[{"a":3,"a":4}]},"x":5}"#, r#"{"a":{"a":[{"a":4}]},"x":5}"#),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
            (r#"{"secret":{"a":1},"b":[{"Secret":"x"}]}"#, r#"{"secret":"***","b":[{"Secret":"***"}]}"#),
            ("\"a\u{2028}b\"", r#""a\u2028b""#),
            ("[]", "[]"),
        ] {
            assert_eq!(copied(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "nul",
            "\"\u{1}\"",
            "\"\\ud800\"",
            "1 2",
            "{a:1}",
            "-",
            "1e",
            "3e764",
        ] {
            assert!(copied(text).is_err(), "{text}");
        }
        assert_eq!(copied(&"[".repeat(100_000)), Err("nested too deeply"));
        let many: String = (0..1_000).map(|i| format!("\"k{}\":{i},", i % 500)).collect();
        let text = format!("{{{many}\"end\":1}}");
        let tree: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&copied(&text).unwrap()).unwrap();
        assert_eq!(tree.len(), 501);
        assert_eq!(copied(&text).unwrap().matches("\"k7\":").count(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_becomes_the_same_json(text in r#"[\[\]{}:,"\\ u0-9a-f.eE+-]{0,24}"#) {
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&text);
            match copied(&text) {
                Ok(copy) => prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&copy).ok(), parsed.ok()),
                // A number beyond a double is JSON all the same; nothing that reads as JSON may be refused.
                Err(_) => prop_assert!(parsed.is_err()),
            }
        }
    }
}
