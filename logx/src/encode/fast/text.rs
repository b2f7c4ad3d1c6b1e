//! Texts that need no escape: every byte is read once, for the look and for the copy.

use super::super::string::{block_is_plain, byte_is_plain};
use super::{SHORT, load, store};

/// Appends up to 32 bytes if none of them needs a closer look; else appends nothing and says so.
#[inline(always)]
pub(crate) fn push_plain(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let n = bytes.len();
    if n > SHORT {
        return false;
    }
    out.reserve(SHORT);
    let len = out.len();
    // SAFETY: 32 bytes are reserved behind `len`; the first `n` of them are written.
    unsafe {
        let plain = put_looking(out.as_mut_ptr().add(len), bytes);
        if plain {
            out.set_len(len + n);
        }
        plain
    }
}

/// The same between quotes.
#[inline(always)]
pub(crate) fn push_plain_quoted(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    out.reserve(SHORT + 2);
    let len = out.len();
    // SAFETY: 34 bytes are reserved behind `len`.
    unsafe {
        match put_plain_quoted(out.as_mut_ptr().add(len), bytes) {
            Some(_) => {
                out.set_len(len + bytes.len() + 2);
                true
            }
            None => false,
        }
    }
}

/// Writes up to 32 bytes between quotes if none of them needs a closer look; else what is written has no meaning.
///
/// # Safety
/// 34 bytes may be written at `to`.
#[inline(always)]
pub(super) unsafe fn put_plain_quoted(to: *mut u8, bytes: &[u8]) -> Option<*mut u8> {
    let n = bytes.len();
    if n > SHORT {
        return None;
    }
    // SAFETY: a quote, `n` bytes and a quote are at most 34.
    unsafe {
        *to = b'"';
        let plain = put_looking(to.add(1), bytes);
        *to.add(n + 1) = b'"';
        plain.then_some(to.add(n + 2))
    }
}

/// Writes up to 32 bytes and says whether none of them needs a closer look.
///
/// # Safety
/// `bytes` is not longer than 32, and as many bytes may be written at `to`.
#[inline(always)]
unsafe fn put_looking(to: *mut u8, bytes: &[u8]) -> bool {
    let (from, n) = (bytes.as_ptr(), bytes.len());
    // SAFETY: every read is within `bytes` and every write within its length, since each size is at most `n`.
    unsafe {
        if n < 4 {
            return put_tiny(to, bytes);
        }
        match n {
            16.. => {
                let (first, last) = load::<16>(from, n);
                store(to, n, first, last);
                block_is_plain(&first) & block_is_plain(&last)
            }
            8.. => {
                let (first, last) = load::<8>(from, n);
                store(to, n, first, last);
                words_are_plain(u64::from_le_bytes(first), u64::from_le_bytes(last))
            }
            _ => {
                let (first, last) = load::<4>(from, n);
                store(to, n, first, last);
                let word = u64::from(u32::from_le_bytes(first)) | (u64::from(u32::from_le_bytes(last)) << 32);
                words_are_plain(word, word)
            }
        }
    }
}

/// The same for up to three bytes, of which the first, the middle and the last are all.
///
/// # Safety
/// As many bytes may be written at `to`.
#[inline(always)]
unsafe fn put_tiny(to: *mut u8, bytes: &[u8]) -> bool {
    let (Some(&first), Some(&middle), Some(&last)) = (bytes.first(), bytes.get(bytes.len() / 2), bytes.last()) else {
        return true;
    };
    // SAFETY: each place lies within the length of `bytes`.
    unsafe {
        *to = first;
        *to.add(bytes.len() / 2) = middle;
        *to.add(bytes.len() - 1) = last;
    }
    PLAIN[usize::from(first)] & PLAIN[usize::from(middle)] & PLAIN[usize::from(last)]
}

/// Two words looked at as one block: half the work of looking at each.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn words_are_plain(first: u64, last: u64) -> bool {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    // SAFETY: every x86-64 has SSE2.
    unsafe {
        let block = _mm_set_epi64x(last.cast_signed(), first.cast_signed());
        let is = |byte: u8| _mm_cmpeq_epi8(block, _mm_set1_epi8(byte.cast_signed()));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
        let found = _mm_or_si128(_mm_or_si128(control, is(b'"')), _mm_or_si128(is(b'\\'), is(0xE2)));
        _mm_movemask_epi8(found) == 0
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn words_are_plain(first: u64, last: u64) -> bool {
    use super::super::string::word_is_plain;
    word_is_plain(first) & word_is_plain(last)
}

/// Of each byte, whether it needs no closer look.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b = 0;
    while b < 256 {
        plain[b] = byte_is_plain(b as u8);
        b += 1;
    }
    plain
};
