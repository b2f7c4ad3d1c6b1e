//! Strings: where they end, whether their escapes are sound, and what they say.

use super::{Defect, DefectKind};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;
const FIRST_PRINTABLE: u64 = ONES * 0x20;

/// The high bit of each byte that ends a plain run: quote, backslash, control character. Only the lowest set bit is
/// exact: a borrow can mark bytes above a real hit.
#[inline]
fn special(word: u64) -> u64 {
    let quote = word ^ QUOTES;
    let backslash = word ^ BACKSLASHES;
    let hits = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(FIRST_PRINTABLE) & !word);
    hits & HIGH
}

/// The first byte from `at` on that is a quote, a backslash or a control character.
#[inline]
fn plain_end(line: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let hits = special(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = line.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// `at` is one past the opening quote; returns the closing quote's place and whether there was an escape.
#[inline]
pub(super) fn end(line: &[u8], mut at: usize) -> Result<(usize, bool), Defect> {
    let mut escaped = false;
    loop {
        at = plain_end(line, at);
        match line.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(line, at)?;
            }
            Some(&byte) => return Err(Defect::new(at, DefectKind::ControlCharacter(byte))),
            None => return Err(Defect::cut(line)),
        }
    }
}

/// `at` is a backslash; returns one past its escape.
fn escape(line: &[u8], at: usize) -> Result<usize, Defect> {
    match line.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => unicode_escape(line, at),
        Some(_) => Err(Defect::new(at, DefectKind::BadEscape)),
        None => Err(Defect::cut(line)),
    }
}

fn unicode_escape(line: &[u8], at: usize) -> Result<usize, Defect> {
    match hex4(line, at)? {
        0xDC00..=0xDFFF => Err(Defect::new(at, DefectKind::LoneSurrogate)),
        0xD800..=0xDBFF => {
            let low = at + 6;
            if low >= line.len() {
                return Err(Defect::cut(line));
            }
            if line[low] != b'\\' || line.get(low + 1).is_some_and(|b| *b != b'u') {
                return Err(Defect::new(at, DefectKind::LoneSurrogate));
            }
            match hex4(line, low)? {
                0xDC00..=0xDFFF => Ok(low + 6),
                _ => Err(Defect::new(at, DefectKind::LoneSurrogate)),
            }
        }
        _ => Ok(at + 6),
    }
}

/// The four hexadecimal digits after `\u` at `at`.
fn hex4(line: &[u8], at: usize) -> Result<u32, Defect> {
    let mut value = 0;
    for i in at + 2..at + 6 {
        let Some(&byte) = line.get(i) else {
            return Err(Defect::cut(line));
        };
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(Defect::new(at, DefectKind::BadEscape));
        };
        value = value * 16 + digit;
    }
    Ok(value)
}

/// Appends to `out` what the escapes in `text` stand for. Anything that is no sound escape is copied as it stands.
pub(crate) fn unescape_into(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(step) = memchr::memchr(b'\\', &text[at..]) {
        out.extend_from_slice(&text[at..at + step]);
        at += step;
        let plain = match text.get(at + 1) {
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'/') => b'/',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                at += unescape_unicode(text, at, out);
                continue;
            }
            _ => {
                out.push(b'\\');
                at += 1;
                continue;
            }
        };
        out.push(plain);
        at += 2;
    }
    out.extend_from_slice(&text[at..]);
}

/// Appends the character of the `\u` escape at `at` and returns the length of what it was written with.
fn unescape_unicode(text: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let Ok(end) = unicode_escape(text, at) else {
        out.push(b'\\');
        return 1;
    };
    let high = hex4(text, at).unwrap_or(0);
    let code = if end - at == 12 {
        let low = hex4(text, at + 6).unwrap_or(0xDC00);
        0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    } else {
        high
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    end - at
}
