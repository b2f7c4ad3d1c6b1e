//! The frequent values, each with what stands in front of it: one look at the capacity for both.

use super::SHORT;
use super::digits::{MAX_DIGITS, put_i64, put_u64};
use super::piece::Piece;
use super::text::put_plain_quoted;
use crate::value::Value;

/// Bytes of the longest value that is written here: a short text in its quotes.
const ROOM: usize = SHORT + 2;
const _: () = assert!(MAX_DIGITS <= ROOM, "an integer fits where a short text does");

/// How much of a key and its value was appended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    /// Neither: the key needs a closer look.
    Nothing,
    /// The key with its colon; the value is none of the frequent ones.
    Key,
    /// Both.
    Both,
}

/// Appends a piece and the value behind it, if that is a frequent one; else the piece only, and says so.
#[inline(always)]
pub(crate) fn push_piece_and_scalar(out: &mut Vec<u8>, piece: &Piece, value: &Value<'_>) -> bool {
    let Piece::Short(piece) = piece else {
        piece.push(out);
        return false;
    };
    out.reserve(SHORT + ROOM);
    let len = out.len();
    // SAFETY: there is room for the piece and a value behind `len`.
    unsafe {
        let start = out.as_mut_ptr().add(len);
        let behind = piece.put(start);
        let end = put_scalar(behind, value);
        out.set_len(len + end.unwrap_or(behind).offset_from_unsigned(start));
        end.is_some()
    }
}

/// Appends a byte and the value behind it, if that is a frequent one; else the byte only, and says so.
#[inline(always)]
pub(crate) fn push_scalar(out: &mut Vec<u8>, first: u8, value: &Value<'_>) -> bool {
    out.reserve(1 + ROOM);
    let len = out.len();
    // SAFETY: there is room for the byte and a value behind `len`.
    unsafe {
        let start = out.as_mut_ptr().add(len);
        *start = first;
        let behind = start.add(1);
        let end = put_scalar(behind, value);
        out.set_len(len + end.unwrap_or(behind).offset_from_unsigned(start));
        end.is_some()
    }
}

/// Appends a byte, a key in quotes, a colon and the value; as much of it as is frequent.
#[inline(always)]
pub(crate) fn push_pair(out: &mut Vec<u8>, first: u8, key: &str, value: &Value<'_>) -> Pair {
    out.reserve(1 + ROOM + 1 + ROOM);
    let len = out.len();
    // SAFETY: there is room for the byte, the key, the colon and a value behind `len`.
    unsafe {
        let start = out.as_mut_ptr().add(len);
        *start = first;
        let Some(colon) = put_plain_quoted(start.add(1), key.as_bytes()) else {
            return Pair::Nothing;
        };
        *colon = b':';
        let behind = colon.add(1);
        let end = put_scalar(behind, value);
        out.set_len(len + end.unwrap_or(behind).offset_from_unsigned(start));
        if end.is_some() { Pair::Both } else { Pair::Key }
    }
}

/// Writes a short plain text, an integer, a truth value or null; `None` for every other value.
///
/// # Safety
/// 34 bytes may be written at `to`.
#[inline(always)]
unsafe fn put_scalar(to: *mut u8, value: &Value<'_>) -> Option<*mut u8> {
    // SAFETY: none of these writes more than 34 bytes.
    unsafe {
        match *value {
            Value::Str(text) => put_plain_quoted(to, text.as_bytes()),
            Value::I64(n) => Some(put_i64(to, n)),
            Value::U64(n) => Some(put_u64(to, n)),
            Value::Bool(true) => {
                to.cast::<[u8; 4]>().write_unaligned(*b"true");
                Some(to.add(4))
            }
            Value::Bool(false) => {
                to.cast::<[u8; 5]>().write_unaligned(*b"false");
                Some(to.add(5))
            }
            Value::Null => {
                to.cast::<[u8; 4]>().write_unaligned(*b"null");
                Some(to.add(4))
            }
            _ => None,
        }
    }
}
