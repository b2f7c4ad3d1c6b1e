//! The `process_*` families, read from /proc. Where there is no /proc there are no samples.

use std::fs;
use std::sync::{Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

/// Ticks a second in /proc/self/stat: fixed by the kernel's ABI on every Linux that Rust supports.
const TICKS: f64 = 100.0;
const PAGE: f64 = 4096.0;

/// Reads the numbers at each scrape.
#[derive(Debug)]
pub(super) struct ProcessCollector {
    cpu: Counter,
    open_fds: Gauge,
    max_fds: Gauge,
    virtual_bytes: Gauge,
    virtual_max: Gauge,
    resident: Gauge,
    start: Gauge,
    received: Counter,
    sent: Counter,
    /// Two scrapes at once must not both add the difference.
    scrape: Mutex<()>,
}

impl ProcessCollector {
    pub(super) fn new() -> Self {
        let counter = |name, help| Counter::new(name, help).expect("a constant name");
        let gauge = |name, help| Gauge::new(name, help).expect("a constant name");
        Self {
            cpu: counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
            open_fds: gauge("process_open_fds", "Number of open file descriptors."),
            max_fds: gauge("process_max_fds", "Maximum number of open file descriptors."),
            virtual_bytes: gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
            virtual_max: gauge(
                "process_virtual_memory_max_bytes",
                "Maximum amount of virtual memory available in bytes.",
            ),
            resident: gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
            start: gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
            received: counter(
                "process_network_receive_bytes_total",
                "Number of bytes received by the process over the network.",
            ),
            sent: counter(
                "process_network_transmit_bytes_total",
                "Number of bytes sent by the process over the network.",
            ),
            scrape: Mutex::default(),
        }
    }

    fn read(&self) -> Option<()> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The command may hold spaces; the fields after its closing brace start with the third one.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |i: usize| -> Option<f64> { fields.get(i - 3)?.parse().ok() };
        raise(&self.cpu, (number(14)? + number(15)?) / TICKS);
        self.virtual_bytes.set(number(23)?);
        self.resident.set(number(24)? * PAGE);
        self.start.set(boot_time()? + number(22)? / TICKS);
        self.open_fds.set(fs::read_dir("/proc/self/fd").ok()?.count() as f64);
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        self.max_fds.set(limit(&limits, "Max open files")?);
        self.virtual_max.set(limit(&limits, "Max address space")?);
        let net = fs::read_to_string("/proc/self/net/dev").ok()?;
        let (received, sent) = traffic(&net);
        raise(&self.received, received);
        raise(&self.sent, sent);
        Some(())
    }
}

fn raise(counter: &Counter, total: f64) {
    let more = total - counter.get();
    if more > 0.0 {
        counter.inc_by(more);
    }
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find(|l| l.starts_with("btime "))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The soft limit; no limit is Go's maximum.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find(|l| l.starts_with(name))?;
    let soft = line.get(name.len()..)?.split_whitespace().next()?;
    Some(soft.parse().unwrap_or(u64::MAX as f64))
}

fn traffic(net: &str) -> (f64, f64) {
    let mut total = (0.0, 0.0);
    for line in net.lines() {
        let Some((_, numbers)) = line.split_once(':') else {
            continue;
        };
        let numbers: Vec<f64> = numbers.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        if let [received, _, _, _, _, _, _, _, sent, ..] = numbers[..] {
            total.0 += received;
            total.1 += sent;
        }
    }
    total
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        [&self.cpu, &self.received, &self.sent]
            .into_iter()
            .flat_map(Collector::desc)
            .chain(
                [&self.open_fds, &self.max_fds, &self.virtual_bytes, &self.virtual_max, &self.resident, &self.start]
                    .into_iter()
                    .flat_map(Collector::desc),
            )
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _one = self.scrape.lock().unwrap_or_else(PoisonError::into_inner);
        if self.read().is_none() {
            return Vec::new();
        }
        let counters = [&self.cpu, &self.received, &self.sent];
        let gauges =
            [&self.open_fds, &self.max_fds, &self.virtual_bytes, &self.virtual_max, &self.resident, &self.start];
        counters
            .into_iter()
            .flat_map(Collector::collect)
            .chain(gauges.into_iter().flat_map(Collector::collect))
            .collect()
    }
}
