//! When a file is rotated, what the old part is called, and which old parts go: pure rules.
//!
//! Names are go-zero's: `access.log-2026-11-23` by day, `access-2026-11-23T09:41:20Z.log` by size, `.gz` behind them
//! when compressed. A name that is taken gets `_001` and so on, so that no part ever replaces another. The date or time
//! is that at which the part was begun.

use std::time::SystemTime;

use crate::conf::{LogConf, Rotation};
use crate::encode::layout::GoLayout;
use crate::encode::time::{Civil, local_offset, push_two, push_year};
use crate::value::{Time, unix_parts};

/// Ending of a compressed part.
pub(crate) const GZ: &str = ".gz";
const MIB: u64 = 1024 * 1024;
const DAY_SECONDS: i64 = 86_400;
/// go-zero's default for the names of parts by size.
const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// The rules of one log file.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Name of the file, for example `access.log`.
    pub(crate) name: String,
    rotation: Rotation,
    time_format: String,
    /// Bytes that a file may grow to; `u64::MAX` is no limit.
    max_size: u64,
    keep_days: u32,
    max_backups: usize,
    /// Bytes that all old parts may take; `u64::MAX` is no limit.
    total_size: u64,
    pub(crate) compress: bool,
}

/// An old part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

impl Rules {
    pub(crate) fn new(name: &str, conf: &LogConf) -> Self {
        let mib = |n: u32| if n == 0 { u64::MAX } else { u64::from(n) * MIB };
        let format = if conf.file_time_format.is_empty() { RFC3339 } else { &conf.file_time_format };
        Self {
            name: name.to_owned(),
            rotation: conf.rotation,
            time_format: format.to_owned(),
            max_size: mib(conf.max_size),
            keep_days: conf.keep_days,
            max_backups: if conf.max_backups == 0 { usize::MAX } else { conf.max_backups as usize },
            total_size: mib(conf.total_size),
            compress: conf.compress,
        }
    }

    /// Whether a part that was begun at `begun` must end before `now`'s lines: another local day.
    pub(crate) fn day_is_over(&self, begun: SystemTime, now: SystemTime) -> bool {
        self.rotation == Rotation::Daily && local_day(begun) != local_day(now)
    }

    /// How many bytes of whole lines still fit into a part of `size` bytes; a line longer than the limit has a part of
    /// its own. 0 says: rotate first.
    pub(crate) fn room(&self, size: u64, lines: &[u8]) -> usize {
        let left = self.max_size.saturating_sub(size);
        if lines.len() as u64 <= left {
            return lines.len();
        }
        let limit = usize::try_from(left).unwrap_or(usize::MAX).min(lines.len());
        match lines[..limit].iter().rposition(|b| *b == b'\n') {
            Some(end) => end + 1,
            None if size == 0 => lines.iter().position(|b| *b == b'\n').map_or(lines.len(), |end| end + 1),
            None => 0,
        }
    }

    /// What an old part that was begun at `begun` is called; `taken` says which names are in use.
    pub(crate) fn part_name(&self, begun: SystemTime, taken: impl Fn(&str) -> bool) -> String {
        let (stem, ending) = self.around();
        let time = self.time_text(begun);
        (0u32..)
            .map(|n| if n == 0 { format!("{stem}{time}{ending}") } else { format!("{stem}{time}_{n:03}{ending}") })
            .find(|name| !taken(name) && !taken(&format!("{name}{GZ}")))
            .unwrap_or_default()
    }

    /// Whether a file of that name is an old part of this log.
    pub(crate) fn is_part(&self, name: &str) -> bool {
        let name = name.strip_suffix(GZ).unwrap_or(name);
        let (stem, ending) = self.around();
        name.strip_prefix(&stem).and_then(|rest| rest.strip_suffix(ending)).is_some_and(|time| !time.is_empty())
    }

    /// The old parts that must go, given all there are.
    pub(crate) fn outdated(&self, mut parts: Vec<Part>, now: SystemTime) -> Vec<String> {
        parts.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        let mut gone = Vec::new();
        if self.keep_days > 0 {
            let bound = self.oldest_kept(now);
            let (old, kept) = parts.into_iter().partition(|part| self.is_before(part, &bound, now));
            gone = old;
            parts = kept;
        }
        let surplus = parts.len().saturating_sub(self.max_backups);
        gone.extend(parts.drain(..surplus));
        let mut total: u64 = parts.iter().map(|part| part.size).sum();
        for part in parts {
            if total <= self.total_size {
                break;
            }
            total -= part.size;
            gone.push(part);
        }
        gone.into_iter().map(|part| part.name).collect()
    }

    /// The name below which a part is older than the days to keep; a part dated exactly so many days ago stays.
    fn oldest_kept(&self, now: SystemTime) -> String {
        let (secs, _) = unix_parts(now);
        let bound = secs - i64::from(self.keep_days) * DAY_SECONDS;
        let bound = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(bound.max(0).unsigned_abs());
        format!("{}{}", self.around().0, self.time_text(bound))
    }

    /// Whether a part is older than the days to keep: by its name, or by its age where names do not sort by time.
    fn is_before(&self, part: &Part, bound: &str, now: SystemTime) -> bool {
        if self.rotation == Rotation::Daily || self.time_format.starts_with("2006") {
            return *part.name < *bound;
        }
        let keep = std::time::Duration::from_secs(u64::from(self.keep_days) * DAY_SECONDS.unsigned_abs());
        now.duration_since(part.modified).is_ok_and(|age| age > keep)
    }

    /// What stands before and behind the time in a part's name.
    fn around(&self) -> (String, &str) {
        match self.rotation {
            Rotation::Daily => (format!("{}-", self.name), ""),
            Rotation::Size => match self.name.rfind('.') {
                Some(dot) => (format!("{}-", &self.name[..dot]), &self.name[dot..]),
                None => (format!("{}-", self.name), ""),
            },
        }
    }

    fn time_text(&self, time: SystemTime) -> String {
        let mut out = Vec::new();
        match self.rotation {
            Rotation::Daily => {
                let c = civil(time);
                push_year(&mut out, c.year);
                out.push(b'-');
                push_two(&mut out, c.month);
                out.push(b'-');
                push_two(&mut out, c.day);
            }
            Rotation::Size => GoLayout::parse(&self.time_format).push(&mut out, Time::local(time)),
        }
        // A layout with slashes must not lead into another directory.
        String::from_utf8(out).unwrap_or_default().replace(['/', '\\'], "-")
    }
}

fn civil(time: SystemTime) -> Civil {
    let (secs, _) = unix_parts(time);
    Civil::from_local_seconds(secs + i64::from(local_offset(secs)))
}

fn local_day(time: SystemTime) -> (i64, u16) {
    let c = civil(time);
    (c.year, c.yearday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn rules(change: impl FnOnce(&mut LogConf)) -> Rules {
        let mut conf = LogConf::default();
        change(&mut conf);
        Rules::new("access.log", &conf)
    }

    fn noon(day: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(day * 86_400 + 43_200)
    }

    fn part(name: String, size: u64, day: u64) -> Part {
        Part { name, size, modified: noon(day) }
    }

    #[test]
    fn a_part_never_takes_the_name_of_another_compressed_or_not() {
        let daily = rules(|_| {});
        let name = daily.part_name(noon(20_000), |_| false);
        assert_eq!(name, "access.log-2024-10-04");
        assert_eq!(daily.part_name(noon(20_000), |n| n == name), "access.log-2024-10-04_001");
        assert_eq!(daily.part_name(noon(20_000), |n| n == format!("{name}.gz")), "access.log-2024-10-04_001");
        let size = rules(|c| (c.rotation, c.file_time_format) = (Rotation::Size, "2006-01-02".into()));
        assert_eq!(size.part_name(noon(20_000), |n| n == "access-2024-10-04.log"), "access-2024-10-04_001.log");
        assert!(size.is_part("access-2024-10-04_001.log.gz") && !size.is_part("access.log"));
        assert!(!daily.is_part("access.log") && !daily.is_part("access-audit.log-2024-10-04"));
    }

    #[test]
    fn whole_lines_fill_a_part_up_to_its_limit_and_a_longer_line_gets_its_own() {
        let rules = rules(|c| (c.rotation, c.max_size) = (Rotation::Size, 1));
        let line = [vec![b'x'; 99], vec![b'\n']].concat();
        let lines = line.repeat(20_000);
        assert_eq!(rules.room(0, &lines), 1024 * 1024 / 100 * 100);
        assert_eq!(rules.room(1024 * 1024 - 100, &line), 100, "exactly full is not over");
        assert_eq!(rules.room(1024 * 1024 - 99, &line), 0);
        let long = [vec![b'x'; 2 << 20], vec![b'\n']].concat();
        assert_eq!(rules.room(0, &long), long.len());
        assert_eq!(rules.room(1, &long), 0);
    }

    #[test]
    fn days_backups_and_bytes_each_bound_what_is_kept() {
        let now = noon(20_010);
        let all = |rules: &Rules| -> Vec<Part> {
            (20_000..20_010).map(|day| part(rules.part_name(noon(day), |_| false), 1 << 20, day)).collect()
        };
        let days = rules(|c| c.keep_days = 3);
        let gone = days.outdated(all(&days), now);
        assert_eq!(gone.len(), 7);
        assert!(!gone.contains(&days.part_name(noon(20_007), |_| false)), "exactly three days ago stays");
        let backups = rules(|c| c.max_backups = 4);
        assert_eq!(backups.outdated(all(&backups), now).len(), 6);
        let bytes = rules(|c| c.total_size = 2);
        let gone = bytes.outdated(all(&bytes), now);
        assert_eq!(gone.len(), 8);
        assert!(gone.contains(&bytes.part_name(noon(20_000), |_| false)), "the oldest go first");
        assert!(rules(|_| {}).outdated(all(&bytes), now).is_empty());
    }
}
