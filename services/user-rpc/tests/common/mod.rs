//! A user-rpc of the test's own.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    reason = "each test file uses a part"
)]

use kit::conf::from_yaml;
use kit::rpc::RpcListeners;
use kit::{CancellationToken, Telemetry};
use proto::user::user_client::UserClient;
use proto::user::{ListRequest, UserRequest, UserResponse};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// A running user-rpc.
pub struct Service {
    pub users: UserClient<Channel>,
    pub channel: Channel,
    _directory: Option<tempfile::TempDir>,
    _stop: tokio_util::sync::DropGuard,
}

/// One on a new file.
pub async fn start() -> Service {
    let directory = tempfile::tempdir().unwrap();
    let source = format!("sqlite://{}", directory.path().join("new/user.db").display());
    start_on(&source, Some(directory)).await
}

/// One on a `DataSource`.
pub async fn start_on(source: &str, directory: Option<tempfile::TempDir>) -> Service {
    let yaml = format!("Name: user-rpc\nListenOn: 127.0.0.1:0\nDataSource: {source}\n");
    let conf = from_yaml::<user_rpc::UserRpcConf>("test", &yaml, None).unwrap().conf;
    let listeners = RpcListeners::bind(&conf.rpc).await.unwrap();
    let address = listeners.main.local_addr().unwrap();
    let telemetry = Telemetry::start(&conf.rpc.service, false).unwrap();
    let stop = CancellationToken::new();
    let closing = stop.clone();
    tokio::spawn(async move {
        user_rpc::serve(conf, &telemetry, listeners, closing).await.unwrap();
    });
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    Service { users: UserClient::new(channel.clone()), channel, _directory: directory, _stop: stop.drop_guard() }
}

/// A call as a coordinator makes it.
fn branch(gid: &str, op: &str, id: &str) -> Request<UserRequest> {
    let mut request = Request::new(UserRequest { id: id.into(), name: "Ada".into(), gender: "female".into() });
    for (name, value) in [("dtm-gid", gid), ("dtm-trans_type", "saga"), ("dtm-branch_id", "01"), ("dtm-op", op)] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    request
}

impl Service {
    pub async fn save(&self, gid: &str, id: &str) -> Result<UserResponse, Status> {
        let answer = self.users.clone().save_user(branch(gid, "action", id)).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn undo(&self, gid: &str, id: &str) -> Result<(), Status> {
        let call = branch(gid, "compensate", id);
        self.users.clone().save_user_callback(call).await.map(drop)
    }

    pub async fn ids(&self) -> Vec<String> {
        let all = self.users.clone().list_users(ListRequest::default()).await.unwrap();
        all.into_inner().users.into_iter().map(|u| u.id).collect()
    }
}
