//! Numbers as Go's encoder writes them: `100` for 100.0, `1e+21`, `1e-7`; and Go's text of durations.

/// Appends an integer.
#[inline]
pub(crate) fn push_int(out: &mut Vec<u8>, n: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// Sizes that both Go and the digit generator print without an exponent: nothing has to be rewritten.
const POSITIONAL: std::ops::Range<f64> = 1e-3..1e15;

/// Appends a finite double; what is not finite is the caller's to replace.
#[inline]
pub(crate) fn push_f64(out: &mut Vec<u8>, n: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(n);
    if POSITIONAL.contains(&n.abs()) {
        return super::fast::push_bytes(out, text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
    push_float_text(out, text);
}

/// Appends a finite single-precision float with its own shortest digits.
#[inline]
pub(crate) fn push_f32(out: &mut Vec<u8>, n: f32) {
    let mut buffer = zmij::Buffer::new();
    push_float_text(out, buffer.format_finite(n));
}

#[inline]
fn push_float_text(out: &mut Vec<u8>, text: &str) {
    if let Some((digits, exponent)) = text.split_once('e') {
        return push_scientific(out, digits, exponent.parse().unwrap_or(0));
    }
    let plain = text.strip_suffix(".0").unwrap_or(text);
    if plain.trim_start_matches('-').starts_with("0.000000") {
        // Go changes to an exponent below 1e-6.
        return push_small(out, plain);
    }
    out.extend_from_slice(plain.as_bytes());
}

/// `0.0000001234` as `1.234e-7`.
#[cold]
fn push_small(out: &mut Vec<u8>, plain: &str) {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |r| ("-", r));
    let digits = rest.trim_start_matches("0.").trim_start_matches('0');
    let exponent = 2 - (rest.len() - digits.len()) as i32 - 1;
    let head = &digits[..1];
    out.extend_from_slice(sign.as_bytes());
    push_mantissa(out, head, &digits[1..], exponent);
}

fn push_mantissa(out: &mut Vec<u8>, head: &str, tail: &str, exponent: i32) {
    out.extend_from_slice(head.as_bytes());
    if !tail.is_empty() {
        out.push(b'.');
        out.extend_from_slice(tail.as_bytes());
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    push_int(out, exponent.unsigned_abs());
}

/// Go writes positions from 1e-6 up to below 1e21, exponents elsewhere.
#[cold]
fn push_scientific(out: &mut Vec<u8>, digits: &str, exponent: i32) {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |d| ("-", d));
    let (head, tail) = digits.split_once('.').unwrap_or((digits, ""));
    let tail = if tail == "0" { "" } else { tail };
    out.extend_from_slice(sign.as_bytes());
    if (0..21).contains(&exponent) {
        out.extend_from_slice(head.as_bytes());
        let whole = (exponent as usize).min(tail.len());
        out.extend_from_slice(&tail.as_bytes()[..whole]);
        out.resize(out.len() + exponent as usize - whole, b'0');
        if tail.len() > whole {
            out.push(b'.');
            out.extend_from_slice(&tail.as_bytes()[whole..]);
        }
    } else if (-6..0).contains(&exponent) {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent - 1) as usize, b'0');
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(tail.as_bytes());
    } else {
        push_mantissa(out, head, tail, exponent);
    }
}

/// Appends a duration as Go prints it: `1.5ms`, `0s`, `1h30m0s`, `-1ns`.
pub(crate) fn push_go_duration(out: &mut Vec<u8>, ns: i64) {
    let abs = ns.unsigned_abs();
    if ns < 0 {
        out.push(b'-');
    }
    match abs {
        0 => out.extend_from_slice(b"0s"),
        1..1_000 => push_unit(out, abs, 1, "ns"),
        1_000..1_000_000 => push_unit(out, abs, 1_000, "µs"),
        1_000_000..1_000_000_000 => push_unit(out, abs, 1_000_000, "ms"),
        _ => {
            let (minutes, rest) = (abs / 60_000_000_000, abs % 60_000_000_000);
            if minutes >= 60 {
                push_int(out, minutes / 60);
                out.push(b'h');
            }
            if minutes > 0 {
                push_int(out, minutes % 60);
                out.push(b'm');
            }
            push_unit(out, rest, 1_000_000_000, "s");
        }
    }
}

fn push_unit(out: &mut Vec<u8>, n: u64, unit: u64, name: &str) {
    push_int(out, n / unit);
    push_fraction(out, n % unit, unit);
    out.extend_from_slice(name.as_bytes());
}

/// `.123` of `n / unit` without trailing zeros; nothing for zero.
pub(crate) fn push_fraction(out: &mut Vec<u8>, mut n: u64, mut unit: u64) {
    if n == 0 {
        return;
    }
    out.push(b'.');
    while n > 0 {
        unit /= 10;
        out.push(b'0' + (n / unit) as u8);
        n %= unit;
    }
}

/// Appends milliseconds with one decimal and `ms`, computed in single precision as go-zero does.
pub(crate) fn push_millis(out: &mut Vec<u8>, ns: i64) {
    use std::io::Write as _;
    let millis = ns as f32 / 1_000_000_f32;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{millis:.1}ms");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_read_as_go_writes_them() {
        for (n, want) in [
            (100.0, "100"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-7"),
            (1e-6, "0.000001"),
            (1.234e-7, "1.234e-7"),
            (-1.5e-9, "-1.5e-9"),
            (5e-324, "5e-324"),
            (1.5, "1.5"),
            (123456.789, "123456.789"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (1.25e16, "12500000000000000"),
            (0.00001234, "0.00001234"),
        ] {
            assert_eq!(text(|o| push_f64(o, n)), want, "{n:e}");
        }
        assert_eq!(text(|o| push_f32(o, 0.1)), "0.1");
    }

    proptest! {
        #[test]
        fn any_finite_float_comes_back_equal(n in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
            let text = text(|o| push_f64(o, n));
            prop_assert_eq!(text.parse::<f64>().unwrap(), n);
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        for (ns, want) in [
            (0, "0s"),
            (1, "1ns"),
            (-1, "-1ns"),
            (1_500, "1.5µs"),
            (1_500_000, "1.5ms"),
            (1_000_000_000, "1s"),
            (5_400_000_000_000, "1h30m0s"),
            (61_000_000_001, "1m1.000000001s"),
            (3_600_000_000_000, "1h0m0s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(text(|o| push_go_duration(o, ns)), want);
        }
        for (ns, want) in [
            (1_000_000_000, "1000.0ms"),
            (1_111_555_000, "1111.6ms"),
            (49_000, "0.0ms"),
            (50_000, "0.1ms"),
            (150_000, "0.2ms"),
            (250_000, "0.2ms"),
            (i64::MAX, "9223372013568.0ms"),
            (-1_500_000, "-1.5ms"),
        ] {
            assert_eq!(text(|o| push_millis(o, ns)), want, "{ns}");
        }
    }
}
