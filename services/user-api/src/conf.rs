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
    /// The number that keeps the ids of several instances apart, 0 to 1023; `None` takes the id of a lease, modulo 1024, from the etcd in
    /// which user-rpc is found, and a random one without etcd.
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

impl DtmConf {
    fn read(r: &mut Reader<'_>, server: &str, http: &str) -> Result<Self, ConfError> {
        Ok(Self {
            server: r.string_or("Server", server)?,
            http: r.string_or("Http", http)?,
            retry_interval: r.duration_or("RetryInterval", Duration::ZERO)?,
        })
    }
}

impl Conf for UserApiConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Self::read_with(r, RpcClientConf::read, "127.0.0.1:36790", "http://127.0.0.1:36789")
    }
}

impl UserApiConf {
    /// Reads a block that may leave the other services' addresses out, for a process that holds them all; they are empty then.
    ///
    /// # Errors
    /// A key holds what is not allowed.
    pub fn read_embedded(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        Self::read_with(r, RpcClientConf::read_any, "", "")
    }

    fn read_with(
        r: &mut Reader<'_>,
        client: fn(&mut Reader<'_>) -> Result<RpcClientConf, ConfError>,
        server: &str,
        http: &str,
    ) -> Result<Self, ConfError> {
        Ok(Self {
            rest: RestConf::read(r)?,
            user_rpc: r.block("UserRpc", client)?,
            score_rpc: r.block("UserScoreRpc", client)?,
            dtm: r.block("Dtm", |r| DtmConf::read(r, server, http))?,
            worker: r.int_opt("Worker", 0..=MAX_WORKER)?.map(|w| w as u16),
        })
    }
}
