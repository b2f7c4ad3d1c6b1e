//! Text that is safe to print: control characters, broken bytes and bidirectional marks made visible, length bounded.

use std::fmt::Write;

/// How many characters of a line a finding shows.
pub(crate) const EXCERPT: usize = 160;

/// The printable form of at most `limit` characters from `bytes`, with an ellipsis where something was left out.
pub(crate) fn clip(bytes: &[u8], limit: usize) -> String {
    let mut out = String::new();
    let mut left = limit;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if left == 0 {
                out.push('…');
                return out;
            }
            push_visible(&mut out, c);
            left -= 1;
        }
        for byte in chunk.invalid() {
            if left == 0 {
                out.push('…');
                return out;
            }
            push_byte(&mut out, *byte);
            left -= 1;
        }
    }
    out
}

/// The part of `bytes` around byte `at`, clipped like [`clip`].
pub(crate) fn clip_around(bytes: &[u8], at: usize, limit: usize) -> String {
    let before = limit / 2;
    if at <= before || bytes.len() <= limit {
        return clip(bytes, limit);
    }
    let mut from = at.min(bytes.len()) - before;
    while from > 0 && bytes[from] & 0xC0 == 0x80 {
        from -= 1;
    }
    format!("…{}", clip(&bytes[from..], limit))
}

/// `text` with everything that could steer a terminal written as an escape.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut out, c));
    out
}

/// Appends `c`, or its escape when it could steer a terminal or hide text.
pub(crate) fn push_visible(out: &mut String, c: char) {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if c.is_control() && c.is_ascii() {
        push_byte(out, c as u8);
    } else if c.is_control() || hidden {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", c as u32);
    } else {
        out.push(c);
    }
}

fn push_byte(out: &mut String, byte: u8) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => {
            let _ = write!(out, "\\x{other:02x}");
        }
    }
}
