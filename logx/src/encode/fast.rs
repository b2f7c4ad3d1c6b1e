//! Short copies and digits straight into a line's spare capacity.
//!
//! The one module with unsafe code: a call to the general copy routine and a bounds check for every piece cost more than
//! the pieces themselves, a third of a line with ten fields. Every function reserves first, writes only what it
//! reserved, and then sets the length to what it wrote.

#![allow(unsafe_code, reason = "raw writes into reserved capacity; see the module's text")]

use std::ptr;

use super::string::{block_is_plain, byte_is_plain, word_is_plain};

/// Bytes of a [`Short`].
const SHORT: usize = 32;

/// Up to 32 bytes with their length, so that they can be copied without a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    bytes: [u8; SHORT],
    len: u8,
}

impl Short {
    /// The bytes, if they are few enough.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut short = Self { bytes: [0; SHORT], len: u8::try_from(bytes.len()).ok()? };
        short.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(short)
    }
}

/// Appends a short piece: two vector moves.
#[inline(always)]
pub(crate) fn push_short(out: &mut Vec<u8>, piece: &Short) {
    out.reserve(SHORT);
    let len = out.len();
    // SAFETY: 32 bytes are reserved behind `len`, the piece has 32, and its `len` is at most 32.
    unsafe {
        ptr::copy_nonoverlapping(piece.bytes.as_ptr(), out.as_mut_ptr().add(len), SHORT);
        out.set_len(len + usize::from(piece.len));
    }
}

/// Appends bytes; up to 32 of them in two overlapping moves of a fixed size.
#[inline(always)]
pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let n = bytes.len();
    if n > 32 {
        return out.extend_from_slice(bytes);
    }
    out.reserve(n);
    let len = out.len();
    // SAFETY: `n` bytes are reserved behind `len` and `bytes` has `n`; each move lies within the first or the last bytes
    // of both, since its size is at most `n`.
    unsafe {
        let (from, to) = (bytes.as_ptr(), out.as_mut_ptr().add(len));
        match n {
            16.. => ends::<16>(from, to, n),
            8.. => ends::<8>(from, to, n),
            4.. => ends::<4>(from, to, n),
            2.. => ends::<2>(from, to, n),
            1 => *to = *from,
            0 => {}
        }
        out.set_len(len + n);
    }
}

/// Appends up to 32 bytes between quotes if none of them needs a closer look; else appends nothing and says so.
///
/// Every byte is read once, for the look and for the copy.
#[inline(always)]
pub(crate) fn push_plain_quoted(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let n = bytes.len();
    if n > SHORT {
        return false;
    }
    out.reserve(SHORT + 2);
    let len = out.len();
    // SAFETY: 34 bytes are reserved behind `len`, of which a quote, the `n` bytes and a quote are written; every read is
    // within `bytes` and every write within the reserved bytes, since each size is at most `n`.
    unsafe {
        let (from, to) = (bytes.as_ptr(), out.as_mut_ptr().add(len + 1));
        let plain = match n {
            16.. => {
                ends::<16>(from, to, n);
                let (first, last) = (bytes.first_chunk(), bytes.last_chunk());
                first.is_some_and(block_is_plain) & last.is_some_and(block_is_plain)
            }
            8.. => {
                let (first, last) = load::<8>(from, n);
                store(to, n, first, last);
                word_is_plain(u64::from_le_bytes(first)) & word_is_plain(u64::from_le_bytes(last))
            }
            4.. => {
                let (first, last) = load::<4>(from, n);
                store(to, n, first, last);
                let word = u64::from(u32::from_le_bytes(first)) | (u64::from(u32::from_le_bytes(last)) << 32);
                word_is_plain(word)
            }
            _ => {
                for (i, byte) in bytes.iter().enumerate() {
                    *to.add(i) = *byte;
                }
                bytes.iter().all(|&b| byte_is_plain(b))
            }
        };
        *to.sub(1) = b'"';
        *to.add(n) = b'"';
        if plain {
            out.set_len(len + n + 2);
        }
        plain
    }
}

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

/// Copies `n` bytes as their first and last `N`.
///
/// # Safety
/// `N <= n`, and `n` bytes may be read at `from` and written at `to`, which do not overlap.
#[inline(always)]
unsafe fn ends<const N: usize>(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        let (first, last) = load::<N>(from, n);
        store(to, n, first, last);
    }
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// Decimal digits of a 64-bit integer, at the most.
const MAX_DIGITS: usize = 20;

/// Appends an unsigned integer.
#[inline]
pub(crate) fn push_u64(out: &mut Vec<u8>, n: u64) {
    out.reserve(MAX_DIGITS);
    let len = out.len();
    let digits = digits(n);
    // SAFETY: 20 bytes are reserved behind `len`; `digits` is at most 20 and exactly what `n` has, so every byte of the
    // range is written, from its end to its beginning.
    unsafe {
        let start = out.as_mut_ptr().add(len);
        let mut at = start.add(digits);
        let mut rest = n;
        while rest >= 10_000 {
            let four = (rest % 10_000) as usize;
            rest /= 10_000;
            at = at.sub(4);
            at.cast::<[u8; 2]>().write_unaligned(PAIRS[four / 100]);
            at.add(2).cast::<[u8; 2]>().write_unaligned(PAIRS[four % 100]);
        }
        while rest >= 100 {
            at = at.sub(2);
            at.cast::<[u8; 2]>().write_unaligned(PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        if rest >= 10 {
            start.cast::<[u8; 2]>().write_unaligned(PAIRS[rest as usize]);
        } else {
            *start = b'0' + rest as u8;
        }
        out.set_len(len + digits);
    }
}

/// Appends a signed integer.
#[inline]
pub(crate) fn push_i64(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    push_u64(out, n.unsigned_abs());
}

/// How many decimal digits a number has.
#[inline]
fn digits(n: u64) -> usize {
    // 1233 / 4096 is a little more than the logarithm of 2; one comparison puts right what is a digit too many.
    let about = ((64 - (n | 1).leading_zeros()) as usize * 1233) >> 12;
    about + usize::from(n >= POWERS[about])
}

/// 0, then 10 to the power of the index; the first is 0 so that 0 has a digit.
const POWERS: [u64; MAX_DIGITS] = {
    let mut powers = [0; MAX_DIGITS];
    let mut i = 1;
    while i < MAX_DIGITS {
        powers[i] = 10u64.pow(i as u32);
        i += 1;
    }
    powers
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            let mut want = before;
            let mut quoted = want.clone();
            let plain = piece.len() <= 32 && piece.iter().all(|&b| byte_is_plain(b));
            prop_assert_eq!(push_plain_quoted(&mut quoted, &piece), plain);
            if plain {
                want.push(b'"');
                want.extend_from_slice(&piece);
                want.push(b'"');
                prop_assert_eq!(&quoted, &want);
                want.truncate(want.len() - piece.len() - 2);
            }
            prop_assert!(plain || quoted == want);
            want.extend_from_slice(&piece);
            if let Some(short) = Short::new(&piece) {
                push_short(&mut out, &short);
                want.extend_from_slice(format!("{n}{}", (n as i64).wrapping_neg()).as_bytes());
                want.extend_from_slice(&piece);
            } else {
                prop_assert!(piece.len() > 32);
                want.extend_from_slice(format!("{n}{}", (n as i64).wrapping_neg()).as_bytes());
            }
            prop_assert_eq!(out, want);
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
