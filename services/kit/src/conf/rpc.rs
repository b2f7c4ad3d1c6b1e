use std::time::Duration;

use super::{Conf, ConfError, Reader, ServiceConf};

/// Where a service is registered, or looked for, in etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcdConf {
    /// `host:port` each.
    pub hosts: Vec<String>,
    /// The key's prefix, such as `user.rpc`.
    pub key: String,
    /// The last part of a server's key; the lease's id if absent or 0.
    pub id: Option<i64>,
    /// Account, empty for none.
    pub user: String,
    /// Password, never printed.
    pub pass: String,
}

impl Conf for EtcdConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let hosts = r.strings("Hosts")?;
        if hosts.is_empty() {
            return Err(r.error("Hosts", "nothing", "a list of host:port, the key is required"));
        }
        let conf = Self {
            hosts,
            key: r.string("Key")?,
            id: r.int_opt("ID", 0..=i64::MAX)?.filter(|id| *id > 0),
            user: r.string_or("User", "")?,
            pass: r.secret("Pass")?,
        };
        for key in ["CertFile", "CertKeyFile", "CACertFile"] {
            if !r.string_or(key, "")?.is_empty() {
                return Err(r.error(key, "a file", "nothing (etcd is reached in the clear; put a TLS proxy in front)"));
            }
        }
        r.without_effect("InsecureSkipVerify", "etcd is reached without TLS");
        Ok(conf)
    }
}

impl EtcdConf {
    /// The key and how to reach it.
    pub fn target(&self) -> discovery::EtcdTarget {
        discovery::EtcdTarget {
            hosts: self.hosts.clone(),
            key: self.key.clone(),
            user: self.user.clone(),
            password: self.pass.clone(),
        }
    }
}

/// go-zero's default balancer, and the only one here.
const P2C: &str = "p2c_ewma";

/// How calls are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatConf {
    /// A call that takes longer gets a `slow` line; default 500 ms.
    pub slow_threshold: Duration,
    /// Full methods whose request is not logged.
    pub ignore_content_methods: Vec<String>,
}

impl Conf for StatConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Ok(Self {
            slow_threshold: r.duration_or("SlowThreshold", Duration::from_millis(500))?,
            ignore_content_methods: r.strings("IgnoreContentMethods")?,
        })
    }
}

/// A time limit for one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodTimeout {
    /// `/pkg.Service/Method`.
    pub full_method: String,
    /// Its limit.
    pub timeout: Duration,
}

/// A gRPC service.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "go-zero's switches, one key each")]
pub struct RpcServerConf {
    /// What every service has.
    pub service: ServiceConf,
    /// `host:port`; required.
    pub listen_on: String,
    /// Absent: not registered.
    pub etcd: Option<EtcdConf>,
    /// Longest time for a call; default 2 s.
    pub timeout: Option<Duration>,
    /// Whether the health service answers; default true.
    pub health: bool,
    /// Spans and their propagation; default true.
    pub trace: bool,
    /// Call lines; default true.
    pub stat: bool,
    /// The `rpc_server_*` metrics; default true.
    pub prometheus: bool,
    /// How calls are watched.
    pub stat_conf: StatConf,
    /// Limits of single methods.
    pub method_timeouts: Vec<MethodTimeout>,
}

impl Conf for RpcServerConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let service = ServiceConf::read(r)?;
        let listen_on = r.string("ListenOn")?;
        if listen_on.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(r.error("ListenOn", format!("{listen_on:?}"), "host:port"));
        }
        let etcd = r.optional_block("Etcd", EtcdConf::read)?;
        let timeout = r.millis_or("Timeout", 2000)?;
        let health = r.bool_or("Health", true)?;
        let (trace, stat, prometheus, stat_conf) = r.block("Middlewares", |r| {
            for key in ["Recover", "Breaker"] {
                r.switch_without_effect(key, "a panic is always caught and there is no breaker")?;
            }
            Ok((
                r.bool_or("Trace", true)?,
                r.bool_or("Stat", true)?,
                r.bool_or("Prometheus", true)?,
                r.block("StatConf", StatConf::read)?,
            ))
        })?;
        let method_timeouts = r.blocks("MethodTimeouts", |r| {
            Ok(MethodTimeout {
                full_method: r.string("FullMethod")?,
                timeout: r.duration_or("Timeout", Duration::from_secs(2))?,
            })
        })?;
        r.cpu_threshold()?;
        for key in ["Auth", "StrictControl"] {
            r.switch_without_effect(key, "this guard is not built in")?;
        }
        r.without_effect("Redis", "this guard is not built in");
        Ok(Self { service, listen_on, etcd, timeout, health, trace, stat, prometheus, stat_conf, method_timeouts })
    }
}

/// A gRPC client: exactly one of `Endpoints`, `Target` and `Etcd` is used, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcClientConf {
    /// `host:port` each.
    pub endpoints: Vec<String>,
    /// A target string, used verbatim.
    pub target: String,
    /// Looked up in etcd.
    pub etcd: Option<EtcdConf>,
    /// Longest time for a call; default 2 s.
    pub timeout: Option<Duration>,
    /// A call that takes longer gets a `slow` line; default 500 ms. Not a key of go-zero's.
    pub slow_threshold: Duration,
}

impl Conf for RpcClientConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let conf = Self::read_any(r)?;
        if conf.target().is_empty() {
            return Err(r.error("Endpoints", "nothing", "one of Endpoints, Target and Etcd"));
        }
        Ok(conf)
    }
}

impl RpcClientConf {
    /// Reads a block that may name no target, for a caller that knows one.
    ///
    /// # Errors
    /// A key holds what is not allowed.
    pub fn read_any(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let conf = Self {
            endpoints: r.strings("Endpoints")?,
            target: r.string_or("Target", "")?,
            etcd: r.optional_block("Etcd", EtcdConf::read)?,
            timeout: r.millis_or("Timeout", 2000)?,
            slow_threshold: r.duration_or("SlowThreshold", Duration::from_millis(500))?,
        };
        for key in ["App", "Token", "Middlewares"] {
            r.without_effect(key, "this guard is not built in");
        }
        r.switch_without_effect("NonBlock", "a client never blocks the start")?;
        r.without_effect("KeepaliveTime", "connections are kept by HTTP/2 itself");
        if r.string_or("BalancerName", P2C)? != P2C {
            r.warn("BalancerName", "has no effect: p2c_ewma is the only balancer");
        }
        Ok(conf)
    }

    /// The target string, in the shape to which a method can be appended: `direct:///a:1,b:2` or `etcd://h1,h2/key`,
    /// with the account behind a `?`; empty without a target.
    pub fn target(&self) -> String {
        if !self.endpoints.is_empty() {
            format!("direct:///{}", self.endpoints.join(","))
        } else if !self.target.is_empty() {
            self.target.clone()
        } else if let Some(etcd) = &self.etcd {
            discovery::Target::Etcd(etcd.target()).to_string()
        } else {
            String::new()
        }
    }
}
