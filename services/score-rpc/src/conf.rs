use kit::conf::{Conf, ConfError, DataSource, Reader, RpcServerConf};

/// The configuration of `score-rpc`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRpcConf {
    /// The server.
    pub rpc: RpcServerConf,
    /// Where points are kept; default `sqlite://data/score.db`.
    pub data_source: DataSource,
}

impl Conf for ScoreRpcConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let rpc = RpcServerConf::read(r)?;
        let source = r.string_shown("DataSource", "sqlite://data/score.db", DataSource::masked)?;
        let data_source =
            DataSource::parse(&source).map_err(|e| r.error("DataSource", "something else", e.to_string()))?;
        Ok(Self { rpc, data_source })
    }
}
