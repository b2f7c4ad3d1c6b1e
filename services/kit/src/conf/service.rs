use super::{Conf, ConfError, DevServerConf, LogBlock, PrometheusConf, Reader, ShutdownConf, TelemetryConf};

/// What every service's file may hold.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConf {
    /// Required.
    pub name: String,
    /// `dev`, `test`, `rt`, `pre` or `pro` (default).
    pub mode: &'static str,
    /// The log.
    pub log: LogBlock,
    /// Absent or with an empty host: no metrics.
    pub prometheus: Option<PrometheusConf>,
    /// Absent: ids are made and passed on, nothing is recorded.
    pub telemetry: Option<TelemetryConf>,
    /// Absent: off.
    pub dev_server: Option<DevServerConf>,
    /// How long a stop may take.
    pub shutdown: ShutdownConf,
}

const MODES: &[&str] = &["dev", "test", "rt", "pre", "pro"];

impl Conf for ServiceConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let name = r.string("Name")?;
        let mode = r.choice_or("Mode", MODES, "pro")?;
        let mut log = r.block("Log", LogBlock::read)?;
        log.set_service_name(&name);
        let prometheus = r.optional_block("Prometheus", PrometheusConf::read)?;
        let telemetry = TelemetryConf::read_for(r, &name)?;
        let dev_server = r.optional_block("DevServer", DevServerConf::read)?.filter(|d| d.enabled);
        let shutdown = r.block("Shutdown", ShutdownConf::read)?;
        r.without_effect("MetricsUrl", "use the Prometheus block");
        r.without_effect("Profiling", "there is no Pyroscope agent in this program");
        Ok(Self { name, mode, log, prometheus, telemetry, dev_server, shutdown })
    }
}
