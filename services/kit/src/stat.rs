//! go-zero's periodic lines: requests of a service, load of the process.

use std::convert::Infallible;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The period of all stat lines.
const PERIOD: Duration = Duration::from_secs(60);
const MIB: f64 = 1_048_576.0;

/// What one service has served since its last line; a clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct RequestStat(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    /// `None` until the first request: a service that nobody calls prints nothing.
    taken: Mutex<Option<Vec<Duration>>>,
}

impl RequestStat {
    pub(crate) fn new(name: &str) -> Self {
        Self(Arc::new(Inner { name: name.to_owned(), taken: Mutex::default() }))
    }

    pub(crate) fn record(&self, took: Duration) {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get_or_insert_default().push(took);
    }

    /// Prints a line each minute, for ever.
    pub(crate) async fn report(&self) -> Infallible {
        loop {
            tokio::time::sleep(PERIOD).await;
            self.print();
        }
    }

    /// Prints what has been served since the last line.
    pub(crate) fn print(&self) {
        let taken = {
            let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
            match taken.as_mut() {
                Some(taken) => std::mem::take(taken),
                None => return,
            }
        };
        logx::stat(line(&self.0.name, taken));
    }
}

fn line(name: &str, mut taken: Vec<Duration>) -> String {
    taken.sort_unstable_by(|a, b| b.cmp(a));
    let millis = |d: Duration| d.as_secs_f64() * 1000.0;
    let count = taken.len();
    let average = taken.iter().sum::<Duration>().checked_div(count as u32).unwrap_or_default();
    let [median, p90, p99, p999] = percentiles(&taken).map(millis);
    format!(
        "({name}) - qps: {:.1}/s, drops: 0, avg time: {:.1}ms, med: {median:.1}ms, 90th: {p90:.1}ms, 99th: {p99:.1}ms, 99.9th: {p999:.1}ms",
        count as f64 / PERIOD.as_secs_f64(),
        millis(average),
    )
}

/// The median, 90th, 99th and 99.9th percentile of a list from long to short; the longest where there are too few for one, as in go-zero.
fn percentiles(long_to_short: &[Duration]) -> [Duration; 4] {
    let longest = long_to_short.first().copied().unwrap_or_default();
    let mut part = long_to_short.len();
    [2, 5, 10, 10].map(|divisor| {
        part /= divisor;
        part.checked_sub(1).and_then(|last| long_to_short.get(last).copied()).unwrap_or(longest)
    })
}

/// Prints the process's load each minute, for ever. go-zero's line without the parts that only Go's memory has.
pub(crate) async fn report_process() -> Infallible {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
    let (mut then, mut used) = (Instant::now(), cpu_seconds());
    loop {
        tokio::time::sleep(PERIOD).await;
        let (now, total) = (Instant::now(), cpu_seconds());
        if let (Some(total), Some(used)) = (total, used) {
            let share = (total - used) / now.duration_since(then).as_secs_f64() / cores;
            let (resident, size) = memory().unwrap_or_default();
            logx::stat(format_args!(
                "CPU: {:.0}m, MEMORY: Alloc={:.1}Mi, Sys={:.1}Mi",
                share * 1000.0,
                resident / MIB,
                size / MIB
            ));
        }
        (then, used) = (now, total);
    }
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// Resident and virtual bytes.
fn memory() -> Option<(f64, f64)> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = statm.split_whitespace().map(|p| p.parse::<f64>().unwrap_or_default() * 4096.0);
    let size = pages.next()?;
    Some((pages.next()?, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_requests_are_one_line() {
        let logs = logx::testing::collect();
        let stat = RequestStat::new("user-api");
        stat.print();
        assert_eq!(logs.records().len(), 0, "nothing before the first request");
        for ms in 1..=1200 {
            stat.record(Duration::from_millis(ms));
        }
        stat.print();
        stat.print();
        let texts: Vec<_> = logs.records().iter().map(logx::OwnedRecord::text).collect();
        assert_eq!(
            texts,
            [
                "(user-api) - qps: 20.0/s, drops: 0, avg time: 600.5ms, med: 601.0ms, 90th: 1081.0ms, 99th: 1189.0ms, 99.9th: 1200.0ms",
                "(user-api) - qps: 0.0/s, drops: 0, avg time: 0.0ms, med: 0.0ms, 90th: 0.0ms, 99th: 0.0ms, 99.9th: 0.0ms",
            ]
        );
        assert!(logs.records().iter().all(|r| r.kind == logx::Kind::Stat));
    }

    #[test]
    fn the_processes_own_figures_can_be_read() {
        assert!(cpu_seconds().is_some_and(|s| s >= 0.0));
        let (resident, size) = memory().unwrap();
        assert!(resident > 0.0 && size >= resident);
    }
}
