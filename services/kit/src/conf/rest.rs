use std::time::Duration;

use super::{Conf, ConfError, Reader, ServiceConf};

/// An HTTP service.
#[derive(Debug, Clone, PartialEq)]
pub struct RestConf {
    /// What every service has.
    pub service: ServiceConf,
    /// Default 0.0.0.0.
    pub host: String,
    /// Required; 0 takes any free port.
    pub port: u16,
    /// Requests of one route that may run at once; default 10000; 0 or less means no limit.
    pub max_conns: Option<usize>,
    /// Largest request body in bytes; default 1 MiB; 0 or less means no limit.
    pub max_bytes: Option<usize>,
    /// Longest time for a request; default 3 s.
    pub timeout: Option<Duration>,
    /// A request that takes longer gets a `slow` line; default 500 ms. Not a key of go-zero's.
    pub slow_threshold: Duration,
    /// Route patterns that get no span.
    pub trace_ignore_paths: Vec<String>,
    /// Which middlewares run.
    pub middlewares: RestMiddlewares,
}

/// Switches of the middlewares, all on by default.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "go-zero's switches, one key each")]
pub struct RestMiddlewares {
    /// Spans and their propagation.
    pub trace: bool,
    /// Access lines.
    pub log: bool,
    /// The `http_server_*` metrics.
    pub prometheus: bool,
    /// The line of the minute's requests.
    pub metrics: bool,
    /// The time limit.
    pub timeout: bool,
    /// A panicking handler answers 500.
    pub recover: bool,
    /// The body limit.
    pub max_bytes: bool,
    /// The limit of requests at once.
    pub max_conns: bool,
}

impl Conf for RestMiddlewares {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let conf = Self {
            trace: r.bool_or("Trace", true)?,
            log: r.bool_or("Log", true)?,
            prometheus: r.bool_or("Prometheus", true)?,
            metrics: r.bool_or("Metrics", true)?,
            timeout: r.bool_or("Timeout", true)?,
            recover: r.bool_or("Recover", true)?,
            max_bytes: r.bool_or("MaxBytes", true)?,
            max_conns: r.bool_or("MaxConns", true)?,
        };
        for key in ["Breaker", "Shedding", "Gunzip"] {
            r.switch_without_effect(key, "this middleware is not built in")?;
        }
        Ok(conf)
    }
}

impl Conf for RestConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let service = ServiceConf::read(r)?;
        let conf = Self {
            service,
            host: r.string_or("Host", "0.0.0.0")?,
            port: r.port("Port", None)?,
            max_conns: limit(r, "MaxConns", 10_000)?,
            max_bytes: limit(r, "MaxBytes", 1 << 20)?,
            timeout: r.millis_or("Timeout", 3000)?,
            slow_threshold: r.duration_or("SlowThreshold", Duration::from_millis(500))?,
            trace_ignore_paths: r.strings("TraceIgnorePaths")?,
            middlewares: r.block("Middlewares", RestMiddlewares::read)?,
        };
        r.switch_without_effect("Verbose", "bodies are not logged")?;
        r.cpu_threshold()?;
        r.without_effect("Signature", "this middleware is not built in");
        for key in ["CertFile", "KeyFile"] {
            if !r.string_or(key, "")?.is_empty() {
                return Err(r.error(key, "a file", "nothing (TLS ends in front of this program)"));
            }
        }
        Ok(conf)
    }
}

/// A limit that 0 and less switch off.
fn limit(r: &mut Reader<'_>, key: &'static str, default: i64) -> Result<Option<usize>, ConfError> {
    Ok(usize::try_from(r.int_or(key, i64::MIN..=i64::MAX, default)?).ok().filter(|limit| *limit > 0))
}
