//! Pieces that are copied without a call: up to 32 bytes.

use std::ptr;

use super::{SHORT, load, store};

/// Up to 32 bytes with their length, so that they can be copied without a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    bytes: [u8; SHORT],
    len: u8,
}

impl Short {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { bytes: [0; SHORT], len: 0 };

    /// The bytes, if they are few enough.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut short = Self { bytes: [0; SHORT], len: u8::try_from(bytes.len()).ok()? };
        short.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(short)
    }

    /// Writes the piece: two vector moves.
    ///
    /// # Safety
    /// 32 bytes may be written at `to`.
    #[inline(always)]
    pub(super) unsafe fn put(&self, to: *mut u8) -> *mut u8 {
        // SAFETY: both have 32 bytes, and `len` is at most 32.
        unsafe {
            ptr::copy_nonoverlapping(self.bytes.as_ptr(), to, SHORT);
            to.add(usize::from(self.len))
        }
    }
}

/// A piece that is pushed again and again, in the form that is quickest to copy.
#[derive(Debug)]
pub(crate) enum Piece {
    Short(Short),
    Long(Box<[u8]>),
}

impl Piece {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Short::new(bytes).map_or_else(|| Self::Long(bytes.into()), Self::Short)
    }

    #[inline(always)]
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Short(short) => push_short(out, short),
            Self::Long(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// Appends a short piece.
#[inline(always)]
pub(crate) fn push_short(out: &mut Vec<u8>, piece: &Short) {
    out.reserve(SHORT);
    let len = out.len();
    // SAFETY: 32 bytes are reserved behind `len`, of which the piece's own `len` are written with what they say.
    unsafe {
        piece.put(out.as_mut_ptr().add(len));
        out.set_len(len + usize::from(piece.len));
    }
}

/// Appends bytes; up to 32 of them in two overlapping moves of a fixed size.
#[inline(always)]
pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let n = bytes.len();
    if n > SHORT {
        return out.extend_from_slice(bytes);
    }
    out.reserve(n);
    let len = out.len();
    // SAFETY: `n` bytes are reserved behind `len`.
    unsafe {
        put_bytes(out.as_mut_ptr().add(len), bytes);
        out.set_len(len + n);
    }
}

/// Writes up to 32 bytes as their first and last ones.
///
/// # Safety
/// `bytes` is not longer than 32, and as many bytes may be written at `to`.
#[inline(always)]
pub(super) unsafe fn put_bytes(to: *mut u8, bytes: &[u8]) {
    let (from, n) = (bytes.as_ptr(), bytes.len());
    // SAFETY: each move lies within the first or the last bytes of both, since its size is at most `n`.
    unsafe {
        match n {
            16.. => ends::<16>(from, to, n),
            8.. => ends::<8>(from, to, n),
            4.. => ends::<4>(from, to, n),
            2.. => ends::<2>(from, to, n),
            1 => *to = *from,
            0 => {}
        }
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
