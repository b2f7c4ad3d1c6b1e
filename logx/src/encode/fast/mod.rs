//! Short copies, plain texts and digits straight into a line's spare capacity.
//!
//! The one module with unsafe code: a call to the general copy routine and a bounds check for every piece cost more than
//! the pieces themselves, a third of a line with ten fields. Every safe function here reserves first, writes only what
//! it reserved, and then sets the length to what it wrote. The unsafe ones write at a pointer behind which their caller
//! has reserved the room that they name, and give the pointer behind what they wrote.

#![allow(unsafe_code, reason = "raw writes into reserved capacity; see the module's text")]

mod digits;
mod piece;
mod scalar;
mod text;

pub(crate) use digits::{push_i64, push_u64};
pub(crate) use piece::{Piece, Short, push_bytes, push_short};
pub(crate) use scalar::{Pair, push_pair, push_piece_and_scalar, push_scalar};
pub(crate) use text::{push_plain, push_plain_quoted};

/// Bytes of a [`Short`], and of a text that is looked at and copied at once.
const SHORT: usize = 32;

/// The first and the last `N` of `n` bytes.
///
/// # Safety
/// `N <= n`, and `n` bytes may be read at `from`.
#[inline(always)]
unsafe fn load<const N: usize>(from: *const u8, n: usize) -> ([u8; N], [u8; N]) {
    // SAFETY: both ranges of N bytes lie within n.
    unsafe { (from.cast::<[u8; N]>().read_unaligned(), from.add(n - N).cast::<[u8; N]>().read_unaligned()) }
}

/// Writes them to the first and the last `N` of `n` bytes.
///
/// # Safety
/// `N <= n`, and `n` bytes may be written at `to`.
#[inline(always)]
unsafe fn store<const N: usize>(to: *mut u8, n: usize, first: [u8; N], last: [u8; N]) {
    // SAFETY: both ranges of N bytes lie within n.
    unsafe {
        to.cast::<[u8; N]>().write_unaligned(first);
        to.add(n - N).cast::<[u8; N]>().write_unaligned(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use super::super::string::byte_is_plain;
    use crate::value::Value;

    fn read(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn pieces_and_digits_are_what_the_standard_library_writes(
            before in proptest::collection::vec(any::<u8>(), 0..40),
            piece in proptest::collection::vec(any::<u8>(), 0..70),
            n: u64,
            shift in 0u32..64,
        ) {
            let n = n >> shift;
            let mut out = before.clone();
            push_bytes(&mut out, &piece);
            push_u64(&mut out, n);
            push_i64(&mut out, (n as i64).wrapping_neg());
            Piece::new(&piece).push(&mut out);
            let mut want = before;
            want.extend_from_slice(&piece);
            want.extend_from_slice(format!("{n}{}", (n as i64).wrapping_neg()).as_bytes());
            want.extend_from_slice(&piece);
            prop_assert_eq!(out, want);
        }

        #[test]
        fn a_frequent_value_reads_as_it_was_given(key in "[a-z\"]{0,40}", text in "[a-z\n]{0,40}", n: i64, shift in 0u32..64, b: bool) {
            let n = n >> shift;
            let values = [
                (Value::Str(&text), serde_json::json!(text)),
                (Value::I64(n), n.into()),
                (Value::U64(n.unsigned_abs()), n.unsigned_abs().into()),
                (Value::Bool(b), b.into()),
                (Value::Null, serde_json::Value::Null),
            ];
            let is_plain = |text: &str| text.len() <= 32 && text.bytes().all(byte_is_plain);
            for (value, want) in values {
                let short = !matches!(value, Value::Str(text) if !is_plain(text));
                let mut out = b"x".to_vec();
                let done = push_pair(&mut out, b'{', &key, &value);
                let expected = match (is_plain(&key), short) {
                    (false, _) => Pair::Nothing,
                    (true, false) => Pair::Key,
                    (true, true) => Pair::Both,
                };
                prop_assert!(done == expected);
                match done {
                    Pair::Nothing => prop_assert_eq!(read(out), "x"),
                    Pair::Key => prop_assert_eq!(read(out), format!("x{{\"{key}\":")),
                    Pair::Both => prop_assert_eq!(read(out), format!("x{{\"{key}\":{want}")),
                }
                let mut out = Vec::new();
                prop_assert_eq!(push_scalar(&mut out, b',', &value), short);
                prop_assert_eq!(read(out), format!(",{}", if short { want.to_string() } else { String::new() }));
                let mut out = Vec::new();
                let piece = Piece::new(key.as_bytes());
                let with_value = short && matches!(piece, Piece::Short(_));
                prop_assert_eq!(push_piece_and_scalar(&mut out, &piece, &value), with_value);
                prop_assert_eq!(read(out), format!("{key}{}", if with_value { want.to_string() } else { String::new() }));
            }
        }
    }

    #[test]
    fn a_byte_that_needs_a_closer_look_is_found_wherever_it_stands() {
        let bytes = [0, 0x1F, 0x20, b'!', b'"', b'#', b'[', b'\\', b']', 0x7F, 0x80, 0xE1, 0xE2, 0xE3, 0xFF];
        for (len, byte) in (0..=40).flat_map(|len| bytes.map(|byte| (len, byte))) {
            for at in 0..len {
                let mut text = vec![b'a'; len];
                text[at] = byte;
                let plain = len <= 32 && byte_is_plain(byte);
                let (mut bare, mut quoted) = (Vec::new(), Vec::new());
                assert_eq!(push_plain(&mut bare, &text), plain, "{byte:#x} at {at} of {len}");
                assert_eq!(push_plain_quoted(&mut quoted, &text), plain, "{byte:#x} at {at} of {len}, in quotes");
                assert_eq!(bare, if plain { text.clone() } else { Vec::new() });
                assert_eq!(quoted, if plain { [b"\"", &*text, b"\""].concat() } else { Vec::new() });
            }
        }
    }

    #[test]
    fn every_number_of_digits_is_counted_right() {
        for power in 0..20 {
            let n = 10u64.pow(power);
            for n in [n - 1, n, n + 1, u64::MAX, 0] {
                let mut out = Vec::new();
                push_u64(&mut out, n);
                assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
            }
        }
        let mut out = Vec::new();
        push_i64(&mut out, i64::MIN);
        assert_eq!(out, i64::MIN.to_string().as_bytes());
    }
}
