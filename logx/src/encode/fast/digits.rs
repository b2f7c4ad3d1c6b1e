//! Integers as decimal digits.

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

/// Decimal digits of a 64-bit integer, at the most; and the sign.
pub(super) const MAX_DIGITS: usize = 20;

/// Appends an unsigned integer.
#[inline]
pub(crate) fn push_u64(out: &mut Vec<u8>, n: u64) {
    out.reserve(MAX_DIGITS);
    let len = out.len();
    // SAFETY: 20 bytes are reserved behind `len`, and what `put_u64` says is written is.
    unsafe {
        let start = out.as_mut_ptr().add(len);
        let end = put_u64(start, n);
        out.set_len(len + end.offset_from_unsigned(start));
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

/// Writes an unsigned integer.
///
/// # Safety
/// 20 bytes may be written at `to`.
#[inline(always)]
pub(super) unsafe fn put_u64(to: *mut u8, n: u64) -> *mut u8 {
    let digits = digits(n);
    // SAFETY: `digits` is at most 20 and exactly what `n` has, so every byte of the range is written, from its end to its
    // beginning.
    unsafe {
        if n < 10 {
            *to = b'0' + n as u8;
            return to.add(1);
        }
        let end = to.add(digits);
        let mut at = end;
        let mut rest = n;
        while rest >= 10_000 {
            let four = (rest % 10_000) as u32;
            rest /= 10_000;
            at = at.sub(4);
            at.cast::<[u8; 2]>().write_unaligned(PAIRS[(four / 100) as usize]);
            at.add(2).cast::<[u8; 2]>().write_unaligned(PAIRS[(four % 100) as usize]);
        }
        let mut rest = rest as u32;
        if rest >= 100 {
            at = at.sub(2);
            at.cast::<[u8; 2]>().write_unaligned(PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        if rest >= 10 {
            to.cast::<[u8; 2]>().write_unaligned(PAIRS[rest as usize]);
        } else {
            *to = b'0' + rest as u8;
        }
        end
    }
}

/// Writes a signed integer.
///
/// # Safety
/// 20 bytes may be written at `to`: no negative number has more than 19 digits.
#[inline(always)]
pub(super) unsafe fn put_i64(to: *mut u8, n: i64) -> *mut u8 {
    // SAFETY: a sign and at most 19 digits, or at most 19 digits.
    unsafe {
        *to = b'-';
        put_u64(to.add(usize::from(n < 0)), n.unsigned_abs())
    }
}

/// How many decimal digits a number has.
#[inline(always)]
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
