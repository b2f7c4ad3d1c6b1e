use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// The coordinator's configuration, under dtm's own keys and with its defaults.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `Store` | SQLite | see [`StoreConf`] |
/// | `Host` | 127.0.0.1 | address that both ports listen on |
/// | `HttpPort`, `GrpcPort` | 36789, 36790 | |
/// | `RetryInterval` | 10 | seconds before a branch is called again, at least 1 |
/// | `MaxRetryInterval` | 300 | seconds beyond which the pause between calls does not grow |
/// | `RequestTimeout` | 3 | seconds that one branch call may take |
/// | `TimeoutToFail` | 35 | bound of `resetCronTime`; a saga has no timeout unless it asks for one |
/// | `TransCronInterval` | 3 | seconds between looks for transactions of other coordinators |
/// | `AlertRetryLimit` | 3 | failed calls of a branch from which on `AlertWebHook` is told of each |
/// | `AlertWebHook` | none | `http://host:port/path`; gets a POST of JSON with `gid`, `status`, `branch`, `error`, `retry_count` |
/// | `BranchLimit` | 128 | calls at once to one destination by recovered transactions |
/// | `RecoveryLimit` | 512 | recovered transactions at work at once |
/// | `MicroService` | none | where this coordinator registers itself |
///
/// dtm's further keys are accepted and have no effect here: `JsonRpcPort`, `UpdateBranchSync`, `ConfigUpdateInterval`, `GrpcServiceConfig`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the table above says it once")]
pub struct Conf {
    pub store: StoreConf,
    pub micro_service: MicroService,
    pub host: String,
    pub http_port: u16,
    pub grpc_port: u16,
    pub retry_interval: u32,
    pub max_retry_interval: u32,
    pub request_timeout: u32,
    pub timeout_to_fail: u32,
    pub trans_cron_interval: u32,
    pub alert_retry_limit: u32,
    pub alert_web_hook: String,
    pub branch_limit: u32,
    pub recovery_limit: u32,
    /// Ends the process at a named step; for tests of recovery.
    #[cfg(feature = "fail-points")]
    pub fail_point: String,
}

/// Where transactions are kept.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `Driver` | sqlite | `sqlite`, or `mysql` for MySQL and MariaDB in dtm's own tables |
/// | `Path` | dtm.sqlite | the SQLite file |
/// | `Host`, `Port`, `User`, `Password`, `Db` | localhost, 3306, root, none, dtm | the MySQL server and schema |
/// | `MaxOpenConns` | 16 | connections to MySQL |
/// | `FinishedDataExpire` | 604800 | seconds that a finished transaction is kept; 0 keeps it for ever, else at least 3600 |
/// | `TransGlobalTable`, `TransBranchOpTable` | dtm's | MySQL table names, with their schema |
#[derive(Clone, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the table above says it once")]
pub struct StoreConf {
    pub driver: String,
    pub path: PathBuf,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub db: String,
    pub max_open_conns: u32,
    pub finished_data_expire: u64,
    pub trans_global_table: String,
    pub trans_branch_op_table: String,
}

/// Registration of the coordinator in a service registry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MicroService {
    /// `default` or `dtm-driver-gozero`; either way every form of target is understood.
    pub driver: String,
    /// The key to register under, `etcd://host:2379/dtmservice`; empty means no registration.
    pub target: String,
    /// The address that callers are told, `host:port`; it must be reachable from where they are.
    pub end_point: String,
}

/// A value that the configuration may not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key}: {found} is not allowed; {allowed}")]
pub struct ConfError {
    /// The key, with dots between the levels.
    pub key: &'static str,
    /// The value found.
    pub found: String,
    /// What would be allowed.
    pub allowed: &'static str,
}

impl Default for Conf {
    fn default() -> Self {
        Self {
            store: StoreConf::default(),
            micro_service: MicroService::default(),
            host: "127.0.0.1".to_owned(),
            http_port: 36789,
            grpc_port: 36790,
            retry_interval: 10,
            max_retry_interval: 300,
            request_timeout: 3,
            timeout_to_fail: 35,
            trans_cron_interval: 3,
            alert_retry_limit: 3,
            alert_web_hook: String::new(),
            branch_limit: 128,
            recovery_limit: 512,
            #[cfg(feature = "fail-points")]
            fail_point: String::new(),
        }
    }
}

impl Default for StoreConf {
    fn default() -> Self {
        Self {
            driver: "sqlite".to_owned(),
            path: PathBuf::from("dtm.sqlite"),
            host: "localhost".to_owned(),
            port: 3306,
            user: "root".to_owned(),
            password: String::new(),
            db: "dtm".to_owned(),
            max_open_conns: 16,
            finished_data_expire: 7 * 24 * 3600,
            trans_global_table: String::new(),
            trans_branch_op_table: String::new(),
        }
    }
}

impl fmt::Debug for StoreConf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConf")
            .field("driver", &self.driver)
            .field("path", &self.path)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Conf {
    /// Checks every value.
    ///
    /// # Errors
    /// The first value that is not allowed.
    pub fn check(&self) -> Result<(), ConfError> {
        let fail = |key, found: &dyn fmt::Display, allowed| Err(ConfError { key, found: found.to_string(), allowed });
        for (key, value) in [
            ("RetryInterval", self.retry_interval),
            ("RequestTimeout", self.request_timeout),
            ("TransCronInterval", self.trans_cron_interval),
            ("BranchLimit", self.branch_limit),
            ("RecoveryLimit", self.recovery_limit),
            ("Store.MaxOpenConns", self.store.max_open_conns),
        ] {
            if !(1..=86_400).contains(&value) {
                return fail(key, &value, "1 to 86400");
            }
        }
        if self.max_retry_interval < self.retry_interval {
            return fail("MaxRetryInterval", &self.max_retry_interval, "not less than RetryInterval");
        }
        if !self.alert_web_hook.is_empty() && super::alert::address(&self.alert_web_hook).is_none() {
            return fail("AlertWebHook", &format!("{:?}", self.alert_web_hook), "http://host:port/path");
        }
        if !matches!(self.store.driver.as_str(), "sqlite" | "mysql") {
            return fail("Store.Driver", &format!("{:?}", self.store.driver), "sqlite or mysql");
        }
        if (1..3600).contains(&self.store.finished_data_expire) {
            return fail("Store.FinishedDataExpire", &self.store.finished_data_expire, "0 or at least 3600");
        }
        for (key, name) in [
            ("Store.TransGlobalTable", &self.store.trans_global_table),
            ("Store.TransBranchOpTable", &self.store.trans_branch_op_table),
        ] {
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
                return fail(key, name, "letters, digits, _ and .");
            }
        }
        self.check_registration()
    }

    fn check_registration(&self) -> Result<(), ConfError> {
        let service = &self.micro_service;
        if service.target.is_empty() {
            return Ok(());
        }
        let fail = |key, found: &str, allowed| Err(ConfError { key, found: format!("{found:?}"), allowed });
        if !matches!(service.target.parse(), Ok(discovery::Target::Etcd(_))) {
            return fail(
                "MicroService.Target",
                service.target.split('?').next().unwrap_or_default(),
                "etcd://host:2379/key",
            );
        }
        if !service.end_point.parse::<discovery::Target>().is_ok_and(|target| target.single().is_some()) {
            return fail("MicroService.EndPoint", &service.end_point, "host:port");
        }
        Ok(())
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.request_timeout))
    }
}
