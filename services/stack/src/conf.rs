use dtm_lite::DtmLiteConf;
use kit::conf::{Conf, ConfError, LogBlock, Reader, ServiceConf, ShutdownConf};
use score_rpc::ScoreRpcConf;
use user_api::UserApiConf;
use user_rpc::UserRpcConf;

/// The configuration of `stack`: a block for each service, the same as its own file, and the log of all.
#[derive(Debug, Clone)]
pub struct StackConf {
    /// Name, log and stop.
    pub service: ServiceConf,
    /// The HTTP service; the others' addresses may be left out.
    pub user_api: UserApiConf,
    /// The users.
    pub user_rpc: UserRpcConf,
    /// The points.
    pub score_rpc: ScoreRpcConf,
    /// The coordinator.
    pub dtm: DtmLiteConf,
}

impl Conf for StackConf {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let name = r.string_or("Name", "stack")?;
        let mut log = r.block("Log", LogBlock::read)?;
        log.set_service_name(&name);
        let shutdown = r.block("Shutdown", ShutdownConf::read)?;
        let service =
            ServiceConf { name, mode: "pro", log, prometheus: None, telemetry: None, dev_server: None, shutdown };
        Ok(Self {
            service,
            user_api: r.block("UserApi", UserApiConf::read_embedded)?,
            user_rpc: r.block("UserRpc", UserRpcConf::read)?,
            score_rpc: r.block("ScoreRpc", ScoreRpcConf::read)?,
            dtm: r.block("Dtm", DtmLiteConf::read)?,
        })
    }
}
