use std::time::Duration;

use kit::conf::{Conf, ConfError, Reader, RestConf, RpcClientConf};

/// Highest worker number: ids hold ten bits of it.
const MAX_WORKER: i64 = 1023;

/// The configuration of `user-api`.
#[derive(Debug, Clone, PartialEq)]
pub struct UserApiConf {
    /// The server.
    pub rest: RestConf,
    /// Where user-rpc is; branches are called there too.
    pub user_rpc: RpcClientConf,
    /// Where score-rpc is; branches are called there too.
    pub score_rpc: RpcClientConf,
    /// The coordinator.
    pub dtm: DtmConf,
    /// The number that keeps the ids of several instances apart, 0 to 1023; `None` takes a random one.
    pub worker: Option<u16>,
}

/// The coordinator: an embedded one, dtm-lite or a real dtm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtmConf {
    /// Its gRPC target; default `127.0.0.1:36790`.
    pub server: String,
    /// Its HTTP address, for status queries; default `http://127.0.0.1:36789`.
    pub http: String,
    /// The pause before a branch that did not answer is called again, whole seconds; zero leaves it to the coordinator.
    pub retry_interval: Duration,
}

impl Conf for DtmConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Ok(Self {
            server: r.string_or("Server", "127.0.0.1:36790")?,
            http: r.string_or("Http", "http://127.0.0.1:36789")?,
            retry_interval: r.duration_or("RetryInterval", Duration::ZERO)?,
        })
    }
}

impl Conf for UserApiConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Ok(Self {
            rest: RestConf::read(r)?,
            user_rpc: r.block("UserRpc", RpcClientConf::read)?,
            score_rpc: r.block("UserScoreRpc", RpcClientConf::read)?,
            dtm: r.block("Dtm", DtmConf::read)?,
            worker: r.int_opt("Worker", 0..=MAX_WORKER)?.map(|w| w as u16),
        })
    }
}
