//! One registry a service, with go-zero's families.

mod log;
pub mod names;
mod process;

use std::time::Duration;

use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};

/// Content type of the exposition.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of one service. A clone shows the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    enabled: bool,
    http_duration: HistogramVec,
    http_code: IntCounterVec,
    rpc_server: RpcFamilies,
    rpc_client: RpcFamilies,
    sql_duration: HistogramVec,
    sql_error: IntCounterVec,
    sql_slow: IntCounterVec,
    export_failures: IntCounter,
}

#[derive(Clone, Debug)]
struct RpcFamilies {
    duration: HistogramVec,
    code: IntCounterVec,
}

impl RpcFamilies {
    fn record(&self, method: &str, code: i32, took: Duration) {
        self.duration.with_label_values(&[method]).observe(took.as_millis() as f64);
        self.code.with_label_values(&[method, &code.to_string()]).inc();
    }
}

impl Metrics {
    /// A registry with every family; `enabled` is go-zero's switch: without it nothing is counted.
    ///
    /// # Panics
    /// Never: all names are constants and registered once.
    pub fn new(enabled: bool) -> Self {
        let registry = Registry::new();
        let metrics = Self {
            enabled,
            http_duration: histogram(
                names::HTTP_SERVER_DURATION,
                "http server requests duration(ms).",
                &names::HTTP_LABELS,
                &names::HTTP_BUCKETS,
            ),
            http_code: counter(names::HTTP_SERVER_CODE, "http server requests code count.", &names::HTTP_LABELS),
            rpc_server: RpcFamilies {
                duration: histogram(
                    names::RPC_SERVER_DURATION,
                    "rpc server requests duration(ms).",
                    &[names::METHOD],
                    &names::RPC_BUCKETS,
                ),
                code: counter(names::RPC_SERVER_CODE, "rpc server requests code count.", &[names::METHOD, names::CODE]),
            },
            rpc_client: RpcFamilies {
                duration: histogram(
                    names::RPC_CLIENT_DURATION,
                    "rpc client requests duration(ms).",
                    &[names::METHOD],
                    &names::RPC_BUCKETS,
                ),
                code: counter(names::RPC_CLIENT_CODE, "rpc client requests code count.", &[names::METHOD, names::CODE]),
            },
            sql_duration: histogram(
                names::SQL_CLIENT_DURATION,
                "sql client requests duration(ms).",
                &[names::COMMAND],
                &names::SQL_BUCKETS,
            ),
            sql_error: counter(
                names::SQL_CLIENT_ERROR,
                "sql client requests error count.",
                &[names::COMMAND, names::ERROR],
            ),
            sql_slow: counter(names::SQL_CLIENT_SLOW, "sql client requests slow count.", &[names::COMMAND]),
            export_failures: IntCounter::new(
                names::TRACE_EXPORT_FAILURES,
                "batches of spans that did not reach their collector.",
            )
            .expect("a constant name"),
            registry,
        };
        metrics.register_all();
        metrics
    }

    fn register_all(&self) {
        self.register(Box::new(self.http_duration.clone()));
        self.register(Box::new(self.http_code.clone()));
        for families in [&self.rpc_server, &self.rpc_client] {
            self.register(Box::new(families.duration.clone()));
            self.register(Box::new(families.code.clone()));
        }
        self.register(Box::new(self.sql_duration.clone()));
        self.register(Box::new(self.sql_error.clone()));
        self.register(Box::new(self.sql_slow.clone()));
        self.register(Box::new(self.export_failures.clone()));
        self.register(Box::new(log::LogCollector::new()));
        self.register(Box::new(process::ProcessCollector::new()));
    }

    fn register(&self, collector: Box<dyn prometheus::core::Collector>) {
        self.registry.register(collector).expect("each family is registered once");
    }

    /// The registry, for families of a service's own.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whether anything is counted.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Counts one HTTP request of a known route.
    pub fn http(&self, path: &str, method: &str, code: u16, took: Duration) {
        if self.enabled {
            let code = code.to_string();
            let labels = [path, method, code.as_str()];
            self.http_duration.with_label_values(&labels).observe(took.as_millis() as f64);
            self.http_code.with_label_values(&labels).inc();
        }
    }

    /// Counts one gRPC call served.
    pub fn rpc_server(&self, method: &str, code: i32, took: Duration) {
        if self.enabled {
            self.rpc_server.record(method, code, took);
        }
    }

    /// Counts one gRPC call made.
    pub fn rpc_client(&self, method: &str, code: i32, took: Duration) {
        if self.enabled {
            self.rpc_client.record(method, code, took);
        }
    }

    /// Counts one SQL statement; `error` is one of a few words.
    pub fn sql(&self, command: &str, took: Duration, slow: bool, error: Option<&str>) {
        if !self.enabled {
            return;
        }
        self.sql_duration.with_label_values(&[command]).observe(took.as_secs_f64() * 1000.0);
        if slow {
            self.sql_slow.with_label_values(&[command]).inc();
        }
        if let Some(error) = error {
            self.sql_error.with_label_values(&[command, error]).inc();
        }
    }

    /// The counter of span batches that were lost.
    pub fn export_failures(&self) -> IntCounter {
        self.export_failures.clone()
    }

    /// The exposition in text format 0.0.4.
    ///
    /// # Errors
    /// A family of a service's own is not consistent.
    pub fn exposition(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(out)
    }
}

fn histogram(name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    HistogramVec::new(opts, labels).expect("a constant name")
}

fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect("a constant name")
}
