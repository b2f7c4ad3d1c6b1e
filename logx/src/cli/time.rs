//! Times and durations as log lines write them.

const DAY: i64 = 86_400;

/// Parses an RFC 3339 time; nanoseconds since 1970-01-01T00:00:00Z.
///
/// Accepts `T`, `t` or a space between date and time, any number of fraction digits (beyond nine they are dropped),
/// `Z`, `z` or an offset of `±hh:mm`, and a leap second (`:60`, counted as `:59`).
pub(crate) fn parse_rfc3339(text: &[u8]) -> Option<i64> {
    let year = i64::from(number(text.get(..4)?)?);
    let month = number(text.get(5..7)?)?;
    let day = number(text.get(8..10)?)?;
    let hour = number(text.get(11..13)?)?;
    let minute = number(text.get(14..16)?)?;
    let second = number(text.get(17..19)?)?;
    let marks = [text[4], text[7], text[13], text[16]] == *b"--::" && matches!(text[10], b'T' | b't' | b' ');
    let ranges = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !marks || !ranges {
        return None;
    }
    let (nanos, rest) = fraction(&text[19..])?;
    let offset = offset(rest)?;
    let seconds = i64::from(hour * 3600 + minute * 60 + second.min(59)) - offset;
    let total = days_from_civil(year, month, day) * DAY + seconds;
    total.checked_mul(1_000_000_000)?.checked_add(nanos)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut nanos = 0;
    for digit in rest[..count].iter().copied().chain(std::iter::repeat(b'0')).take(9) {
        nanos = nanos * 10 + i64::from(digit - b'0');
    }
    (count > 0).then(|| (nanos, &rest[count..]))
}

fn offset(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let hours = number(&[*h1, *h2]).filter(|h| *h < 24)?;
            let minutes = number(&[*m1, *m2]).filter(|m| *m < 60)?;
            let seconds = i64::from(hours * 3600 + minutes * 60);
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, years counted from March so that the leap day comes last.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Parses a duration as Go and logx print it (`12.3ms`, `1h2m3.5s`, `-1ns`, `5µs`); nanoseconds.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if rest.is_empty() {
        return None;
    }
    let mut total = 0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let value: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let (unit, left) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        total += value * unit_nanos(unit)?;
        rest = left;
    }
    let nanos = total.round();
    // Values beyond the range of i64 are no durations that a service can have measured.
    (nanos < 9.2e18).then_some(if negative { -nanos as i64 } else { nanos as i64 })
}

fn unit_nanos(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

/// A duration in the unit that reads best: `850µs`, `12.3ms`, `1.25s`, `2m05s`.
pub(crate) fn show_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs() as f64;
    if n < 1e3 {
        format!("{sign}{n}ns")
    } else if n < 1e6 {
        format!("{sign}{:.0}µs", n / 1e3)
    } else if n < 1e9 {
        format!("{sign}{:.1}ms", n / 1e6)
    } else if n < 60e9 {
        format!("{sign}{:.2}s", n / 1e9)
    } else {
        let seconds = (n / 1e9) as u64;
        format!("{sign}{}m{:02}s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let at = |text: &str| parse_rfc3339(text.as_bytes());
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2026-11-24T00:05:06.123+01:00"), Some(1_795_475_106_123_000_000));
        assert_eq!(at("2026-11-23T23:05:06.123Z"), at("2026-11-24T00:05:06.123+01:00"));
        assert_eq!(
            at("2024-02-29T00:00:00Z").zip(at("2024-03-01T00:00:00Z")).map(|(a, b)| b - a),
            Some(86_400_000_000_000)
        );
        for bad in [
            "",
            "2026-11-24",
            "2026-02-29T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T00:00:00",
            "2026-11-24T00:00:00.Z",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations() {
        for (text, nanos) in
            [("12.3ms", 12_300_000), ("0.0ms", 0), ("1h0m1.5s", 3_601_500_000_000), ("-1ns", -1), ("5µs", 5000)]
        {
            assert_eq!(parse_duration(text), Some(nanos), "{text}");
        }
        for bad in ["", "-", "12", "ms", "1x", "1.2.3ms"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
        assert_eq!(show_duration(2_500_000_000), "2.50s");
        assert_eq!(show_duration(125_000_000_000), "2m05s");
    }
}
