//! Go's time layouts (`2006-01-02 15:04:05.000`), as `TimeFormat` and `FileTimeFormat` hold them.

use super::number::push_int;
use super::time::{Civil, push_offset, push_two, push_year, zone};
use crate::value::Time;

/// How the timestamp of a line is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TimeLayout {
    /// RFC 3339 with exactly three digits of milliseconds; the default.
    Millis,
    /// A layout in Go's language.
    Go(GoLayout),
}

impl TimeLayout {
    /// The layout of a configuration; empty means the default.
    pub(crate) fn parse(layout: &str) -> Self {
        match layout {
            "" | "2006-01-02T15:04:05.000Z07:00" => Self::Millis,
            other => Self::Go(GoLayout::parse(other)),
        }
    }
}

/// A layout cut into its pieces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GoLayout(Box<[Piece]>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Text(Box<str>),
    Year,
    ShortYear,
    MonthTwo,
    MonthOne,
    MonthShort,
    MonthLong,
    DayTwo,
    DaySpace,
    DayOne,
    YearDay,
    WeekdayShort,
    WeekdayLong,
    Hour,
    Hour12Two,
    Hour12One,
    MinuteTwo,
    MinuteOne,
    SecondTwo,
    SecondOne,
    Half {
        upper: bool,
    },
    /// Fraction: the separator, the digits, and whether trailing zeros go (with the separator, if all).
    Fraction {
        separator: u8,
        digits: u8,
        trim: bool,
    },
    Offset {
        zulu: bool,
        colon: bool,
        hours_only: bool,
    },
    ZoneName,
}

/// Go's reference words, longest first where one is the beginning of another.
const WORDS: &[(&str, Piece)] = &[
    ("January", Piece::MonthLong),
    ("Monday", Piece::WeekdayLong),
    ("Z07:00", Piece::Offset { zulu: true, colon: true, hours_only: false }),
    ("-07:00", Piece::Offset { zulu: false, colon: true, hours_only: false }),
    ("Z0700", Piece::Offset { zulu: true, colon: false, hours_only: false }),
    ("-0700", Piece::Offset { zulu: false, colon: false, hours_only: false }),
    ("2006", Piece::Year),
    ("Z07", Piece::Offset { zulu: true, colon: false, hours_only: true }),
    ("-07", Piece::Offset { zulu: false, colon: false, hours_only: true }),
    ("MST", Piece::ZoneName),
    ("Jan", Piece::MonthShort),
    ("Mon", Piece::WeekdayShort),
    ("002", Piece::YearDay),
    ("01", Piece::MonthTwo),
    ("02", Piece::DayTwo),
    ("03", Piece::Hour12Two),
    ("04", Piece::MinuteTwo),
    ("05", Piece::SecondTwo),
    ("06", Piece::ShortYear),
    ("15", Piece::Hour),
    ("PM", Piece::Half { upper: true }),
    ("pm", Piece::Half { upper: false }),
    ("_2", Piece::DaySpace),
    ("1", Piece::MonthOne),
    ("2", Piece::DayOne),
    ("3", Piece::Hour12One),
    ("4", Piece::MinuteOne),
    ("5", Piece::SecondOne),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl GoLayout {
    pub(crate) fn parse(layout: &str) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = layout;
        while let Some(c) = rest.chars().next() {
            let found = fraction(rest)
                .or_else(|| WORDS.iter().find(|(word, _)| rest.starts_with(word)).map(|(w, p)| (w.len(), p.clone())));
            let (len, piece) = match found {
                Some((len, piece)) => (len, Some(piece)),
                None => (c.len_utf8(), None),
            };
            match piece {
                Some(piece) => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text).into()));
                    }
                    pieces.push(piece);
                }
                None => text.push(c),
            }
            rest = &rest[len..];
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Self(pieces.into())
    }

    /// Appends `t` in this layout.
    pub(crate) fn push(&self, out: &mut Vec<u8>, t: Time) {
        let civil = Civil::from_local_seconds(t.secs.saturating_add(i64::from(t.offset)));
        for piece in &self.0 {
            piece.push(out, &civil, t);
        }
    }
}

/// A fraction of the second at the head of `rest`: `.000`, `,000`, `.999`, not followed by another digit.
fn fraction(rest: &str) -> Option<(usize, Piece)> {
    let bytes = rest.as_bytes();
    let separator = *bytes.first().filter(|b| matches!(b, b'.' | b','))?;
    let digit = *bytes.get(1).filter(|b| matches!(b, b'0' | b'9'))?;
    let digits = bytes[1..].iter().take_while(|&&b| b == digit).count();
    let follows_digit = bytes.get(1 + digits).is_some_and(u8::is_ascii_digit);
    (digits <= 9 && !follows_digit)
        .then_some((1 + digits, Piece::Fraction { separator, digits: digits as u8, trim: digit == b'9' }))
}

impl Piece {
    fn push(&self, out: &mut Vec<u8>, c: &Civil, t: Time) {
        let hour12 = if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 };
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Year => push_year(out, c.year),
            Self::ShortYear => push_two(out, c.year.rem_euclid(100) as u8),
            Self::MonthTwo => push_two(out, c.month),
            Self::MonthOne => push_int(out, c.month),
            Self::MonthShort => push_name(out, &MONTHS, c.month - 1, 3),
            Self::MonthLong => push_name(out, &MONTHS, c.month - 1, usize::MAX),
            Self::DayTwo => push_two(out, c.day),
            Self::DaySpace if c.day < 10 => out.extend_from_slice(&[b' ', b'0' + c.day]),
            Self::DaySpace | Self::DayOne => push_int(out, c.day),
            Self::YearDay => {
                out.push(b'0' + (c.yearday / 100) as u8);
                push_two(out, (c.yearday % 100) as u8);
            }
            Self::WeekdayShort => push_name(out, &WEEKDAYS, c.weekday, 3),
            Self::WeekdayLong => push_name(out, &WEEKDAYS, c.weekday, usize::MAX),
            Self::Hour => push_two(out, c.hour),
            Self::Hour12Two => push_two(out, hour12),
            Self::Hour12One => push_int(out, hour12),
            Self::MinuteTwo => push_two(out, c.minute),
            Self::MinuteOne => push_int(out, c.minute),
            Self::SecondTwo => push_two(out, c.second),
            Self::SecondOne => push_int(out, c.second),
            Self::Half { upper } => out.extend_from_slice(match (c.hour >= 12, upper) {
                (true, true) => b"PM",
                (true, false) => b"pm",
                (false, true) => b"AM",
                (false, false) => b"am",
            }),
            Self::Fraction { separator, digits, trim } => push_digits(out, *separator, *digits, *trim, t.nanos),
            Self::Offset { zulu: true, .. } if t.offset == 0 => out.push(b'Z'),
            Self::Offset { hours_only: true, .. } => {
                let start = out.len();
                push_offset(out, t.offset, false);
                out.truncate(start + 3);
            }
            Self::Offset { colon, .. } => push_offset(out, t.offset, *colon),
            Self::ZoneName => push_zone_name(out, t),
        }
    }
}

fn push_name(out: &mut Vec<u8>, names: &[&str], index: u8, len: usize) {
    if let Some(name) = names.get(usize::from(index)) {
        out.extend_from_slice(&name.as_bytes()[..len.min(name.len())]);
    }
}

fn push_digits(out: &mut Vec<u8>, separator: u8, digits: u8, trim: bool, nanos: u32) {
    let text = format!("{nanos:09}");
    let mut kept = &text[..usize::from(digits)];
    if trim {
        kept = kept.trim_end_matches('0');
    }
    if !kept.is_empty() {
        out.push(separator);
        out.extend_from_slice(kept.as_bytes());
    }
}

fn push_zone_name(out: &mut Vec<u8>, t: Time) {
    let name = jiff::Timestamp::from_second(t.secs).ok().map(|at| {
        let info = zone().to_offset_info(at);
        (info.offset().seconds(), info.abbreviation().to_owned())
    });
    match name {
        Some((offset, name)) if offset == t.offset => out.extend_from_slice(name.as_bytes()),
        _ if t.offset == 0 => out.extend_from_slice(b"UTC"),
        _ => push_offset(out, t.offset, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_print_as_in_go() {
        let t = Time { secs: 1_767_323_045, nanos: 60_700_000, offset: 8 * 3_600 };
        for (layout, want) in [
            ("2006-01-02 15:04:05.000", "2026-01-02 11:04:05.060"),
            ("2006-01-02T15:04:05Z07:00", "2026-01-02T11:04:05+08:00"),
            ("2006-01-02T15:04:05.999999999Z07:00", "2026-01-02T11:04:05.0607+08:00"),
            ("Mon Jan _2 15:04:05 2006", "Fri Jan  2 11:04:05 2026"),
            ("Monday, 02-Jan-06 3:04PM -0700", "Friday, 02-Jan-26 11:04AM +0800"),
            ("06/1/2 03:4:5 pm,000 002 Z07", "26/1/2 11:4:5 am,060 002 +08"),
            ("20060102", "20260102"),
            ("at 15h", "at 11h"),
        ] {
            let mut out = Vec::new();
            GoLayout::parse(layout).push(&mut out, t);
            assert_eq!(String::from_utf8(out).unwrap(), want, "{layout}");
        }
    }

    #[test]
    fn utc_is_z_where_the_layout_asks_for_it() {
        let t = Time { secs: 0, nanos: 0, offset: 0 };
        let mut out = Vec::new();
        GoLayout::parse("2006-01-02T15:04:05.000Z0700 MST").push(&mut out, t);
        assert!(out.starts_with(b"1970-01-01T00:00:00.000Z "), "{}", String::from_utf8_lossy(&out));
    }
}
