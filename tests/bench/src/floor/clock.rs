//! RFC 3339 with milliseconds: the text of the second is kept, only three digits are new.

use std::time::{SystemTime, UNIX_EPOCH};

pub const LEN: usize = 24;

/// `2026-01-02T03:04:05.678Z`, with the second for which it was made.
pub struct Stamp {
    second: u64,
    text: [u8; LEN],
}

impl Stamp {
    pub const fn new() -> Self {
        Self { second: u64::MAX, text: *b"0000-00-00T00:00:00.000Z" }
    }

    /// Reads the clock and brings the text up to date.
    #[inline]
    pub fn now(&mut self) -> &[u8; LEN] {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.second {
            self.set_second(since.as_secs());
        }
        let ms = since.subsec_millis();
        self.text[20] = b'0' + (ms / 100) as u8;
        self.text[21] = b'0' + (ms / 10 % 10) as u8;
        self.text[22] = b'0' + (ms % 10) as u8;
        &self.text
    }

    #[cold]
    fn set_second(&mut self, second: u64) {
        self.second = second;
        let (year, month, day) = civil(second / 86_400);
        let of_day = second % 86_400;
        let text =
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
        self.text[..19].copy_from_slice(&text.as_bytes()[..19]);
    }
}

/// Days since 1970-01-01 as year, month, day of the Gregorian calendar, in years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn known_days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_453), (2025, 12, 31));
        assert_eq!(civil(20_454), (2026, 1, 1));
    }
}
