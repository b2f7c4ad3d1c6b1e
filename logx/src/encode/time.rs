//! Points in time as text: the timestamp of a line, RFC 3339 of a value, Go's default text in lists.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fast::{Short, push_short};
use super::layout::TimeLayout;
use super::number::{push_fraction, push_int};
use crate::value::{Time, unix_parts};

/// A civil date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    /// 0 is Sunday.
    pub(crate) weekday: u8,
    /// 1 to 366.
    pub(crate) yearday: u16,
}

impl Civil {
    /// The civil time of local seconds since 1970 (already shifted by the zone's offset).
    pub(crate) fn from_local_seconds(secs: i64) -> Self {
        let days = secs.div_euclid(86_400);
        let of_day = secs.rem_euclid(86_400) as u32;
        // Days are counted in eras of 400 years that begin on the first of March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let before = if month <= 2 { day_of_year - 306 } else { day_of_year + 59 + i64::from(leap) };
        Self {
            year,
            month: month as u8,
            day: (day_of_year - (153 * month_index + 2) / 5 + 1) as u8,
            hour: (of_day / 3_600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
            yearday: (before + 1) as u16,
        }
    }
}

/// The system's zone, read once.
pub(crate) fn zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(TimeZone::system)
}

/// The local zone's offset at that second, in seconds east of UTC; 0 for times beyond the calendar.
pub(crate) fn local_offset(secs: i64) -> i32 {
    Timestamp::from_second(secs).map_or(0, |t| zone().to_offset(t).seconds())
}

/// Two digits.
pub(crate) fn push_two(out: &mut Vec<u8>, n: u8) {
    out.push(b'0' + n / 10 % 10);
    out.push(b'0' + n % 10);
}

/// At least four digits, the sign in front.
pub(crate) fn push_year(out: &mut Vec<u8>, year: i64) {
    if year < 0 {
        out.push(b'-');
    }
    let abs = year.unsigned_abs();
    for limit in [1_000, 100, 10] {
        if abs < limit {
            out.push(b'0');
        }
    }
    push_int(out, abs);
}

fn push_date_time(out: &mut Vec<u8>, c: &Civil, between: u8) {
    push_year(out, c.year);
    out.push(b'-');
    push_two(out, c.month);
    out.push(b'-');
    push_two(out, c.day);
    out.push(between);
    push_two(out, c.hour);
    out.push(b':');
    push_two(out, c.minute);
    out.push(b':');
    push_two(out, c.second);
}

/// `+08:00` or `+0800`.
pub(crate) fn push_offset(out: &mut Vec<u8>, offset: i32, colon: bool) {
    out.push(if offset < 0 { b'-' } else { b'+' });
    let minutes = offset.unsigned_abs() / 60;
    push_two(out, (minutes / 60) as u8);
    if colon {
        out.push(b':');
    }
    push_two(out, (minutes % 60) as u8);
}

/// RFC 3339 with as many digits of the second as are needed.
pub(crate) fn push_rfc3339(out: &mut Vec<u8>, t: Time) {
    push_date_time(out, &Civil::from_local_seconds(t.secs.saturating_add(i64::from(t.offset))), b'T');
    push_fraction(out, u64::from(t.nanos), 1_000_000_000);
    match t.offset {
        0 => out.push(b'Z'),
        offset => push_offset(out, offset, true),
    }
}

/// Go's default text, which go-zero prints for times in a list: `2020-01-01 00:00:00.000000005 +0000 UTC`.
pub(crate) fn push_go_text(out: &mut Vec<u8>, t: Time) {
    push_date_time(out, &Civil::from_local_seconds(t.secs.saturating_add(i64::from(t.offset))), b' ');
    push_fraction(out, u64::from(t.nanos), 1_000_000_000);
    out.push(b' ');
    push_offset(out, t.offset, false);
    out.push(b' ');
    match t.offset {
        0 => out.extend_from_slice(b"UTC"),
        offset => push_offset(out, offset, false),
    }
}

/// Where the milliseconds stand in `2006-01-02T15:04:05.000Z`.
const MILLIS_AT: usize = 20;

/// The text of the present second, so that a line only puts its milliseconds in. Each thread has one.
#[derive(Debug)]
pub(crate) struct Stamp {
    secs: Cell<i64>,
    text: Cell<Short>,
}

impl Stamp {
    pub(crate) const fn new() -> Self {
        Self { secs: Cell::new(i64::MIN), text: Cell::new(Short::EMPTY) }
    }

    #[inline(always)]
    fn push(&self, out: &mut Vec<u8>, secs: i64, nanos: u32) {
        if self.secs.get() != secs {
            self.renew(secs);
        }
        let start = out.len();
        push_short(out, &self.text.get());
        patch_millis(&mut out[start..], nanos);
    }

    #[cold]
    fn renew(&self, secs: i64) {
        let mut text = Vec::with_capacity(32);
        push_second(&mut text, secs);
        // Four digits of the year and an offset in hours and minutes: never more than a short piece takes.
        self.text.set(Short::new(&text).unwrap_or(Short::EMPTY));
        self.secs.set(secs);
    }
}

/// Appends the timestamp of a line in the local zone.
pub(crate) fn push_timestamp(out: &mut Vec<u8>, time: SystemTime, layout: &TimeLayout) {
    crate::local::with(|thread| push_timestamp_with(out, time, layout, thread.stamp()))
        // The thread is ending and its text is gone.
        .unwrap_or_else(|| push_timestamp_with(out, time, layout, &Stamp::new()));
}

/// The same with the thread's text at hand.
#[inline(always)]
pub(crate) fn push_timestamp_with(out: &mut Vec<u8>, time: SystemTime, layout: &TimeLayout, stamp: &Stamp) {
    let (secs, nanos) = unix_parts(time);
    match layout {
        TimeLayout::Millis => stamp.push(out, secs, nanos),
        TimeLayout::Go(pieces) => {
            pieces.push(out, Time { secs, nanos, offset: local_offset(secs) });
        }
    }
}

/// The second with `.000` for the milliseconds, and the zone.
fn push_second(out: &mut Vec<u8>, secs: i64) {
    let offset = local_offset(secs);
    let start = out.len();
    push_date_time(out, &Civil::from_local_seconds(secs.saturating_add(i64::from(offset))), b'T');
    // A year of more than four digits would move the milliseconds; show the last four.
    let extra = (out.len() - start).saturating_sub(MILLIS_AT - 1);
    out.drain(start..start + extra);
    out.extend_from_slice(b".000");
    match offset {
        0 => out.push(b'Z'),
        offset => push_offset(out, offset, true),
    }
}

#[inline]
fn patch_millis(text: &mut [u8], nanos: u32) {
    let millis = nanos / 1_000_000;
    if let Some(digits) = text.get_mut(MILLIS_AT..MILLIS_AT + 3) {
        digits[0] = b'0' + (millis / 100) as u8;
        digits[1] = b'0' + (millis / 10 % 10) as u8;
        digits[2] = b'0' + (millis % 10) as u8;
    }
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

    proptest! {
        #[test]
        fn civil_time_agrees_with_the_calendar_library(secs in -62_000_000_000i64..250_000_000_000) {
            let c = Civil::from_local_seconds(secs);
            let z = jiff::Timestamp::from_second(secs).unwrap().to_zoned(TimeZone::UTC);
            prop_assert_eq!((c.year, c.month as i8, c.day as i8), (i64::from(z.year()), z.month(), z.day()));
            prop_assert_eq!((c.hour as i8, c.minute as i8, c.second as i8), (z.hour(), z.minute(), z.second()));
            prop_assert_eq!(c.weekday as i8, z.weekday().to_sunday_zero_offset());
            prop_assert_eq!(c.yearday as i16, z.day_of_year());
        }
    }

    #[test]
    fn values_and_lists_print_as_in_go() {
        let t = Time { secs: 1_577_836_800, nanos: 123_000_000, offset: 3_600 };
        assert_eq!(text(|o| push_rfc3339(o, t)), "2020-01-01T01:00:00.123+01:00");
        let t = Time { secs: 1_577_836_800, nanos: 5, offset: 0 };
        assert_eq!(text(|o| push_go_text(o, t)), "2020-01-01 00:00:00.000000005 +0000 UTC");
    }

    #[test]
    fn a_timestamp_always_has_three_digits_of_milliseconds() {
        let stamp = Stamp::new();
        let near = text(|o| stamp.push(o, 1_577_836_800, 7_999_999));
        assert_eq!(&near[19..23], ".007");
        let far = text(|o| stamp.push(o, 400_000_000_000, 0));
        assert_eq!(&far[19..23], ".000");
    }
}
