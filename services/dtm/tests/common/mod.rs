//! A coordinator, a branch service whose behaviour a test scripts, and the branch's database.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    reason = "each test file uses a part"
)]

pub mod database;
pub mod mariadb;
pub mod real_dtm;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dtm::coordinator::{Conf, serve};
use dtm::pb::dtm_server::{Dtm, DtmServer};
use dtm::pb::{DtmBranchRequest, DtmGidReply, DtmProgressesReply, DtmRequest, DtmTopicRequest};
use dtm::{Barrier, DtmClient, Fault, Saga};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use database::Database;

/// A running coordinator.
pub struct Coordinator {
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

pub fn conf(folder: &Path) -> Conf {
    let mut conf = Conf { retry_interval: 1, max_retry_interval: 2, request_timeout: 1, ..Conf::default() };
    conf.store.path = folder.join("dtm.db");
    conf
}

impl Coordinator {
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(conf(folder)).await
    }

    pub async fn start_with(conf: Conf) -> Self {
        Self::start_on(conf, TcpListener::bind("127.0.0.1:0").await.unwrap()).await
    }

    pub async fn start_on(conf: Conf, grpc: TcpListener) -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (grpc_at, http_at) = (grpc.local_addr().unwrap(), http.local_addr().unwrap());
        let task = tokio::spawn(async move {
            serve(conf, grpc, http, async { stopped.await.unwrap_or_default() }).await.unwrap();
        });
        Self { grpc: grpc_at, http: http_at, stop: Some(stop), task: Some(task) }
    }

    pub fn client(&self) -> DtmClient {
        DtmClient::new(&self.grpc.to_string(), Some(&format!("http://{}", self.http))).unwrap()
    }

    pub fn client_without_http(&self) -> DtmClient {
        DtmClient::new(&self.grpc.to_string(), None).unwrap()
    }

    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.task.take().unwrap().await.unwrap();
    }
}

/// How a branch behaves at one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// Works in its barrier and says so.
    Do,
    Refuse,
    Ongoing,
    /// Fails before it works.
    Fail,
    /// Works, and the reply is lost.
    Lose,
    /// Works after this many milliseconds.
    Slow(u64),
}

/// What each step does at its next calls, by its name and operation.
type Script = HashMap<(String, String), VecDeque<Act>>;

/// The branch service: `dtmgimp.Dtm/Prepare` is the action, `/Abort` the compensation, and the payload's gid names the step.
#[derive(Clone)]
pub struct Branches {
    pub database: Database,
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
    pub calls: Arc<Mutex<Vec<String>>>,
    pub headers: Arc<Mutex<Vec<tonic::metadata::MetadataMap>>>,
}

impl Branches {
    pub async fn start(folder: &Path) -> Self {
        Self::start_on(Database::sqlite(folder).await).await
    }

    pub async fn start_on(database: Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let branches = Self {
            database,
            address: listener.local_addr().unwrap(),
            script: Arc::default(),
            calls: Arc::default(),
            headers: Arc::default(),
        };
        let service = DtmServer::new(branches.clone());
        tokio::spawn(async move {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming).await.unwrap();
        });
        branches
    }

    /// What the step does at its next calls; afterwards it works.
    pub fn script(&self, step: &str, op: &str, acts: impl IntoIterator<Item = Act>) {
        self.script.lock().unwrap().insert((step.into(), op.into()), acts.into_iter().collect());
    }

    pub fn action(&self) -> String {
        format!("{}/dtmgimp.Dtm/Prepare", self.address)
    }

    pub fn compensate(&self) -> String {
        format!("{}/dtmgimp.Dtm/Abort", self.address)
    }

    /// A saga with a step for each name.
    pub fn saga(&self, gid: &str, steps: &[&str]) -> Saga {
        steps
            .iter()
            .fold(Saga::new(gid), |saga, step| saga.step(self.action(), self.compensate(), payload(step)))
            .wait_result(true)
    }

    /// Work done and not undone, of each step that has any, e.g. `a=1 b=1`.
    pub async fn effects(&self, gid: &str) -> String {
        self.database.effects(gid).await
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    async fn run(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        let barrier = Barrier::from_metadata(request.metadata())?;
        self.headers.lock().unwrap().push(request.metadata().clone());
        self.perform(&barrier, &request.get_ref().gid).await?;
        Ok(Response::new(()))
    }

    /// What the script says for this call.
    pub async fn perform(&self, barrier: &Barrier, step: &str) -> Result<(), Denied> {
        self.calls.lock().unwrap().push(format!("{step}/{}", barrier.op()));
        let act = {
            let mut script = self.script.lock().unwrap();
            script.get_mut(&(step.to_owned(), barrier.op().to_owned())).and_then(VecDeque::pop_front).unwrap_or(Act::Do)
        };
        match act {
            Act::Do | Act::Lose => {}
            Act::Slow(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Act::Refuse => return Err(Denied::Fault(Fault::refused("no_room"))),
            Act::Ongoing => return Err(Denied::Fault(Fault::Ongoing)),
            Act::Fail => return Err(Denied::Down("down")),
        }
        self.database.work(barrier, step).await.map_err(Denied::Fault)?;
        if act == Act::Lose { Err(Denied::Down("lost")) } else { Ok(()) }
    }
}

/// Why a call was not answered with success.
pub enum Denied {
    Fault(Fault),
    /// As a connection that breaks.
    Down(&'static str),
}

impl From<Denied> for Status {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Fault(fault) => fault.into(),
            Denied::Down(text) => Self::unavailable(text),
        }
    }
}

pub fn payload(step: &str) -> Vec<u8> {
    DtmRequest { gid: step.into(), ..Default::default() }.encode_to_vec()
}

/// Waits until the condition holds; panics after ten seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl FnMut() -> F) {
    within(Duration::from_secs(10), what, condition).await;
}

/// Waits until the condition holds; panics when the time is over.
pub async fn within<F: Future<Output = bool>>(limit: Duration, what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + limit;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tonic::async_trait]
impl Dtm for Branches {
    async fn prepare(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.run(request).await
    }
    async fn abort(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.run(request).await
    }
    async fn new_gid(&self, _: Request<()>) -> Result<Response<DtmGidReply>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn submit(&self, _: Request<DtmRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn register_branch(&self, _: Request<DtmBranchRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn prepare_workflow(&self, _: Request<DtmRequest>) -> Result<Response<DtmProgressesReply>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn subscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn unsubscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn delete_topic(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented(""))
    }
}
