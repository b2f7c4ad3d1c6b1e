//! JSON strings, escaped as go-zero escapes them.

use std::fmt;

use super::fast::{push_bytes, push_plain, push_plain_quoted};

const HEX: &[u8; 16] = b"0123456789abcdef";

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether no byte of the block needs a closer look. Written without branches so that it becomes vector code.
#[inline]
pub(crate) fn block_is_plain(block: &[u8; 16]) -> bool {
    let special = |b: u8| u8::from(b < 0x20) | u8::from(b == b'"') | u8::from(b == b'\\') | u8::from(b == 0xE2);
    block.iter().fold(0, |found, &b| found | special(b)) == 0
}

/// The high bit of each byte that is zero (and perhaps of one above it).
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

/// The same for eight bytes in a register.
#[inline]
pub(crate) const fn word_is_plain(word: u64) -> bool {
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero_bytes(word ^ (ONES * 0x22));
    let backslash = zero_bytes(word ^ (ONES * 0x5C));
    let separator = zero_bytes(word ^ (ONES * 0xE2));
    (control | quote | backslash | separator) & HIGH == 0
}

/// Whether `bytes` can stand in a JSON string as they are. What is left over of the blocks is looked at together with
/// the bytes before it, so that no length needs a loop over single bytes.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        let (blocks, _) = bytes.as_chunks::<16>();
        return blocks.iter().all(block_is_plain) && block_is_plain(last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return word_is_plain(u64::from_le_bytes(*first)) & word_is_plain(u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return word_is_plain(u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32);
    }
    bytes.iter().all(|&b| byte_is_plain(b))
}

/// Whether one byte can stand in a JSON string as it is and begins no separator.
#[inline]
pub(crate) const fn byte_is_plain(b: u8) -> bool {
    b >= 0x20 && b != b'"' && b != b'\\' && b != 0xE2
}

/// Appends `text` escaped, without quotes.
#[inline]
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        push_bytes(out, text.as_bytes());
    } else {
        push_escaped_slow(out, text.as_bytes());
    }
}

/// Appends `text` escaped, in quotes.
#[inline]
pub(crate) fn push_quoted(out: &mut Vec<u8>, text: &str) {
    if !push_plain_quoted(out, text.as_bytes()) {
        push_quoted_long(out, text);
    }
}

/// A longer text, or one with something to escape.
#[inline(never)]
fn push_quoted_long(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

#[cold]
fn push_escaped_slow(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut from = 0;
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let escape: Option<(&[u8], usize)> = match b {
            b'"' => Some((b"\\\"", 1)),
            b'\\' => Some((b"\\\\", 1)),
            b'\n' => Some((b"\\n", 1)),
            b'\r' => Some((b"\\r", 1)),
            b'\t' => Some((b"\\t", 1)),
            0x08 => Some((b"\\b", 1)),
            0x0c => Some((b"\\f", 1)),
            0xE2 if bytes[at..].starts_with(b"\xE2\x80\xA8") => Some((b"\\u2028", 3)),
            0xE2 if bytes[at..].starts_with(b"\xE2\x80\xA9") => Some((b"\\u2029", 3)),
            _ => None,
        };
        match escape {
            Some((text, len)) => {
                out.extend_from_slice(&bytes[from..at]);
                out.extend_from_slice(text);
                at += len;
                from = at;
            }
            None if b < 0x20 => {
                out.extend_from_slice(&bytes[from..at]);
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(b >> 4)]);
                out.push(HEX[usize::from(b & 15)]);
                at += 1;
                from = at;
            }
            None => at += 1,
        }
    }
    out.extend_from_slice(&bytes[from..]);
}

/// Formatted text that is escaped on its way into a line, cut at `left` bytes on a character boundary.
pub(crate) struct Escaping<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    /// Bytes of unescaped text that may still come.
    pub(crate) left: usize,
    /// Whether text was cut off.
    pub(crate) cut: bool,
}

impl<'a> Escaping<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, left: usize::MAX, cut: false }
    }
}

impl fmt::Write for Escaping<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left && push_plain(self.out, text.as_bytes()) {
            self.left -= text.len();
            return Ok(());
        }
        self.write_other(text)
    }
}

impl Escaping<'_> {
    /// Text that is longer, has something to escape, or comes to the limit.
    #[inline(never)]
    fn write_other(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left {
            self.left -= text.len();
            push_escaped(self.out, text);
            return Ok(());
        }
        push_escaped(self.out, &text[..text.floor_char_boundary(self.left)]);
        (self.left, self.cut) = (0, true);
        // Ends the formatting early: nothing more would be kept.
        Err(fmt::Error)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` as padded base64, without quotes.
pub(crate) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| (n << 8) | u32::from(b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = BASE64[(n >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { digit } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back_equal_through_a_json_parser(text: String) {
            let mut out = Vec::new();
            push_quoted(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            prop_assert!(!out.contains(&b'\n'));
        }
    }

    #[test]
    fn base64_is_padded_and_separators_are_escaped() {
        for (bytes, want) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xfe", "//4=")]
        {
            let mut out = Vec::new();
            push_base64(&mut out, bytes);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
        let mut out = Vec::new();
        push_escaped(&mut out, "a\u{2028}b\u{2029}\u{1}é\u{2030}");
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u2028b\\u2029\\u0001é\u{2030}");
    }
}
