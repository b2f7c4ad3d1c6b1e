//! A line buffer with a write position, and JSON's escapes.
#![allow(unsafe_code, reason = "one check and one copy a piece: the length check of a slice would be a second one")]

use std::fmt;

/// Room that a line starts with; it grows by doubling and is kept.
const START: usize = 4096;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// `bytes` is the line; its spare capacity is room for the next piece.
pub struct Cursor {
    bytes: Vec<u8>,
}

impl Cursor {
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    #[inline]
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline(always)]
    pub fn put(&mut self, text: &[u8]) {
        let len = self.bytes.len();
        if self.bytes.capacity() - len < text.len() {
            self.grow(text.len());
        }
        // SAFETY: there is room for `text` behind `len`, and a shared slice cannot overlap a buffer held uniquely.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), self.bytes.as_mut_ptr().add(len), text.len());
            self.bytes.set_len(len + text.len());
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        self.bytes.reserve(more.max(START));
    }

    /// Copies while it looks for what has to be escaped, eight bytes a step; false when it found something, and then
    /// nothing was added.
    #[inline(always)]
    fn put_clean(&mut self, text: &[u8]) -> bool {
        let len = self.bytes.len();
        // A word more, so that the last step may write past the text.
        if self.bytes.capacity() - len < text.len() + 8 {
            self.grow(text.len() + 8);
        }
        let (words, rest) = text.as_chunks::<8>();
        // SAFETY: every write is within the room made above; `set_len` covers only what was written.
        unsafe {
            let mut to = self.bytes.as_mut_ptr().add(len);
            for word in words {
                if word_needs_escape(u64::from_le_bytes(*word)) {
                    return false;
                }
                to.cast::<[u8; 8]>().write_unaligned(*word);
                to = to.add(8);
            }
            for &byte in rest {
                if byte < 0x20 || byte == b'"' || byte == b'\\' {
                    return false;
                }
                to.write(byte);
                to = to.add(1);
            }
            self.bytes.set_len(len + text.len());
        }
        true
    }

    #[inline]
    pub fn int(&mut self, value: i64) {
        self.put(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline]
    pub fn float(&mut self, value: f64) {
        self.put(zmij::Buffer::new().format_finite(value).as_bytes());
    }

    /// Text inside quotes: `"`, `\` and control characters are escaped.
    #[inline]
    pub fn escaped(&mut self, text: &str) {
        if !self.put_clean(text.as_bytes()) {
            self.escape(text.as_bytes());
        }
    }

    #[cold]
    fn escape(&mut self, bytes: &[u8]) {
        for &b in bytes {
            match b {
                b'"' => self.put(b"\\\""),
                b'\\' => self.put(b"\\\\"),
                b'\n' => self.put(b"\\n"),
                b'\r' => self.put(b"\\r"),
                b'\t' => self.put(b"\\t"),
                0..=0x1f => {
                    self.put(&[b'\\', b'u', b'0', b'0', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
                }
                _ => self.put(&[b]),
            }
        }
    }
}

impl fmt::Write for Cursor {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escaped(text);
        Ok(())
    }
}

/// True when one of the eight bytes must be escaped in JSON.
#[inline]
const fn word_needs_escape(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let slash = word ^ (ONES * 0x5c);
    let control = word.wrapping_sub(ONES * 0x20);
    // Bytes above 0x7f are clean, hence `!word`.
    ((control & !word) | (quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash)) & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn escapes_as_json_does() {
        for text in [
            "",
            "plain",
            "0123456789abcdef\"",
            "tab\there \\ ünï\u{1}\u{1f} zz",
            "\n\r",
            "\u{7f}é\"éé",
            "aaaaaaa\"aaaaaaaa",
        ] {
            let mut cursor = Cursor::new();
            cursor.put(b"\"");
            cursor.escaped(text);
            cursor.put(b"\"");
            let back: String = serde_json::from_slice(cursor.as_bytes()).expect("JSON");
            assert_eq!(back, text);
        }
    }
}
