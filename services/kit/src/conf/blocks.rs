use std::time::Duration;

use super::{Conf, ConfError, Reader};

/// Where a service shows its metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrometheusConf {
    /// Address to listen on; empty means that metrics are neither counted nor shown.
    pub host: String,
    /// Default 9101; 0 takes any free port.
    pub port: u16,
    /// Default `/metrics`.
    pub path: String,
}

impl Conf for PrometheusConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Ok(Self {
            host: r.string_or("Host", "")?,
            port: r.port("Port", Some(9101))?,
            path: url_path(r, "Path", "/metrics")?,
        })
    }
}

/// The development server: health and metrics on a port of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevServerConf {
    /// Default true in a present block.
    pub enabled: bool,
    /// Default 127.0.0.1; go-zero's own default is every interface.
    pub host: String,
    /// Default 6060; 0 takes any free port.
    pub port: u16,
    /// Default `/metrics`.
    pub metrics_path: String,
    /// Default `/healthz`.
    pub health_path: String,
    /// Default true.
    pub enable_metrics: bool,
    /// What a healthy service answers; default `OK`.
    pub health_response: String,
}

impl Conf for DevServerConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let conf = Self {
            enabled: r.bool_or("Enabled", true)?,
            host: r.string_or("Host", "127.0.0.1")?,
            port: r.port("Port", Some(6060))?,
            metrics_path: url_path(r, "MetricsPath", "/metrics")?,
            health_path: url_path(r, "HealthPath", "/healthz")?,
            enable_metrics: r.bool_or("EnableMetrics", true)?,
            health_response: r.string_or("HealthResponse", "OK")?,
        };
        r.without_effect("EnablePprof", "there is no pprof in this program");
        if conf.metrics_path == conf.health_path {
            return Err(r.error("HealthPath", format!("{:?}", conf.health_path), "another path than MetricsPath"));
        }
        Ok(conf)
    }
}

fn url_path(r: &mut Reader<'_>, key: &'static str, default: &str) -> Result<String, ConfError> {
    let path = r.string_or(key, default)?;
    let plain = path.starts_with('/') && !path.contains(['{', '}', '*', ':', '?', '#', ' ']);
    if plain { Ok(path) } else { Err(r.error(key, format!("{path:?}"), "a path such as /metrics")) }
}

/// How long a stop may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutdownConf {
    /// From the signal to the moment the listeners close; default 1 s.
    pub wrap_up_time: Duration,
    /// From the signal to the moment the process gives up waiting; default 5.5 s.
    pub wait_time: Duration,
}

impl Default for ShutdownConf {
    fn default() -> Self {
        Self { wrap_up_time: Duration::from_secs(1), wait_time: Duration::from_millis(5500) }
    }
}

impl Conf for ShutdownConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let default = Self::default();
        let conf = Self {
            wrap_up_time: r.duration_or("WrapUpTime", default.wrap_up_time)?,
            wait_time: r.duration_or("WaitTime", default.wait_time)?,
        };
        Ok(conf)
    }
}
