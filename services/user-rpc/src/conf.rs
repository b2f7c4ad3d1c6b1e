use kit::conf::{Conf, ConfError, DataSource, Reader, RpcServerConf};

/// The configuration of `user-rpc`.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRpcConf {
    /// The server.
    pub rpc: RpcServerConf,
    /// Where users are kept; default `sqlite://data/user.db`.
    pub data_source: DataSource,
}

impl Conf for UserRpcConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let rpc = RpcServerConf::read(r)?;
        let source = r.string_shown("DataSource", "sqlite://data/user.db", DataSource::masked)?;
        let data_source =
            DataSource::parse(&source).map_err(|e| r.error("DataSource", "something else", e.to_string()))?;
        Ok(Self { rpc, data_source })
    }
}
