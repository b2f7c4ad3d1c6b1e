use dtm::coordinator::{self, MicroService, StoreConf};
use kit::conf::{Conf, ConfError, LogBlock, Reader, ServiceConf, ShutdownConf, TelemetryConf};

/// The configuration of `dtm-lite`: dtm's keys, and `Log`, `Telemetry` and `Shutdown` as every service here has them.
#[derive(Debug, Clone)]
pub struct DtmLiteConf {
    /// Log, traces and stop.
    pub service: ServiceConf,
    /// The coordinator.
    pub dtm: coordinator::Conf,
}

const SECONDS: std::ops::RangeInclusive<i64> = 1..=86_400;
const CONNECTIONS: std::ops::RangeInclusive<i64> = 1..=10_000;

impl Conf for DtmLiteConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Ok(Self { service: service(r)?, dtm: dtm(r)? })
    }
}

/// dtm's files name no service, so the name has a default.
fn service(r: &mut Reader<'_>) -> Result<ServiceConf, ConfError> {
    let name = r.string_or("Name", "dtm-lite")?;
    let mut log = r.block("Log", LogBlock::read)?;
    log.set_service_name(&name);
    if r.has("LogLevel") {
        let level = r.choice_or("LogLevel", &["debug", "info", "warn", "error"], "info")?;
        log.logx.insert("Level".to_owned(), level.into());
    }
    let telemetry = TelemetryConf::read_for(r, &name)?;
    let shutdown = r.block("Shutdown", ShutdownConf::read)?;
    Ok(ServiceConf { name, mode: "pro", log, prometheus: None, telemetry, dev_server: None, shutdown })
}

fn dtm(r: &mut Reader<'_>) -> Result<coordinator::Conf, ConfError> {
    let base = coordinator::Conf::default();
    let conf = coordinator::Conf {
        store: r.block("Store", store)?,
        micro_service: r.block("MicroService", micro_service)?,
        host: r.string_or("Host", &base.host)?,
        http_port: r.port("HttpPort", Some(base.http_port))?,
        grpc_port: r.port("GrpcPort", Some(base.grpc_port))?,
        retry_interval: seconds(r, "RetryInterval", base.retry_interval)?,
        max_retry_interval: seconds(r, "MaxRetryInterval", base.max_retry_interval)?,
        request_timeout: seconds(r, "RequestTimeout", base.request_timeout)?,
        timeout_to_fail: seconds(r, "TimeoutToFail", base.timeout_to_fail)?,
        trans_cron_interval: seconds(r, "TransCronInterval", base.trans_cron_interval)?,
        alert_retry_limit: number(r, "AlertRetryLimit", 1..=1000, base.alert_retry_limit)?,
        alert_web_hook: r.string_or("AlertWebHook", "")?,
        branch_limit: number(r, "BranchLimit", CONNECTIONS, base.branch_limit)?,
        recovery_limit: number(r, "RecoveryLimit", CONNECTIONS, base.recovery_limit)?,
        #[cfg(feature = "fail-points")]
        fail_point: r.string_or("FailPoint", "")?,
    };
    for key in ["JsonRpcPort", "UpdateBranchSync", "ConfigUpdateInterval", "GrpcServiceConfig", "AdminBasePath"] {
        r.without_effect(key, "this coordinator does not need it");
    }
    conf.check().map_err(|error| r.error(error.key, error.found, error.allowed))?;
    Ok(conf)
}

fn store(r: &mut Reader<'_>) -> Result<StoreConf, ConfError> {
    let base = StoreConf::default();
    Ok(StoreConf {
        driver: r.choice_or("Driver", &["sqlite", "mysql"], "sqlite")?.to_owned(),
        path: r.string_or("Path", "data/dtm.db")?.into(),
        host: r.string_or("Host", &base.host)?,
        port: r.port("Port", Some(base.port))?,
        user: r.string_or("User", &base.user)?,
        password: r.secret("Password")?,
        db: r.string_or("Db", &base.db)?,
        max_open_conns: number(r, "MaxOpenConns", CONNECTIONS, base.max_open_conns)?,
        finished_data_expire: u64::from(number(r, "FinishedDataExpire", 0..=i64::from(u32::MAX), 7 * 24 * 3600)?),
        trans_global_table: r.string_or("TransGlobalTable", "")?,
        trans_branch_op_table: r.string_or("TransBranchOpTable", "")?,
    })
}

fn micro_service(r: &mut Reader<'_>) -> Result<MicroService, ConfError> {
    Ok(MicroService {
        driver: r.choice_or("Driver", &["default", "dtm-driver-gozero"], "default")?.to_owned(),
        target: r.string_or("Target", "")?,
        end_point: r.string_or("EndPoint", "")?,
    })
}

fn seconds(r: &mut Reader<'_>, key: &'static str, default: u32) -> Result<u32, ConfError> {
    number(r, key, SECONDS, default)
}

fn number(
    r: &mut Reader<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
    default: u32,
) -> Result<u32, ConfError> {
    Ok(u32::try_from(r.int_or(key, range, i64::from(default))?).unwrap_or(default))
}
