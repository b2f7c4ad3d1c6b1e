//! Serves gRPC services the way a go-zero service does.

mod guard;
mod register;
mod remote;

use http::Request;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tower::{Service, ServiceBuilder};

use crate::admin::{AdminListeners, Ready};
use crate::conf::RpcServerConf;
use crate::listen::{self, ListenError};
use crate::observe::{ObserveLayer, RpcServer};
use crate::serve::{self, ServeError};
use crate::telemetry::Telemetry;
use guard::GuardLayer;

pub use remote::{Remote, client, unique_id};

/// The open ports of a gRPC service.
#[derive(Debug)]
pub struct RpcListeners {
    /// The service's own port.
    pub main: TcpListener,
    /// Metrics and development server.
    pub admin: AdminListeners,
}

impl RpcListeners {
    /// Opens them.
    ///
    /// # Errors
    /// A port is in use.
    pub async fn bind(conf: &RpcServerConf) -> Result<Self, ListenError> {
        Ok(Self {
            main: listen::bind(&conf.service.name, &conf.listen_on).await?,
            admin: AdminListeners::bind(&conf.service).await?,
        })
    }
}

/// A gRPC server that is being put together.
#[derive(Debug)]
pub struct Server {
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    descriptor: &'static [u8],
}

impl Server {
    /// A server whose reflection shows the encoded file descriptor set.
    pub fn new(descriptor: &'static [u8]) -> Self {
        Self { routes: RoutesBuilder::default(), names: Vec::new(), descriptor }
    }

    /// Adds a service; its health is reported under its name.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = http::Response<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Serves until `stop`, then reports not-serving and lets running calls end within the configured time.
    ///
    /// # Errors
    /// The server ended by itself, or the descriptor set cannot be read.
    pub async fn serve(
        mut self,
        conf: &RpcServerConf,
        telemetry: &Telemetry,
        listeners: RpcListeners,
        stop: CancellationToken,
    ) -> Result<(), ServeError> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(self.descriptor)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(ServeError::new)?;
        self.routes.add_service(reflection);
        let (health, service) = tonic_health::server::health_reporter();
        if conf.health {
            self.routes.add_service(service);
        }
        for name in self.names.iter().chain(&[""]) {
            health.set_service_status(*name, ServingStatus::Serving).await;
        }

        let address = listen::local_addr(&listeners.main);
        let ready = Ready::default();
        let admin_stop = CancellationToken::new();
        let admin = listeners.admin.serve(
            &conf.service,
            telemetry,
            format!("zrpc-{address}"),
            ready.clone(),
            admin_stop.clone(),
        );
        let layers = ServiceBuilder::new()
            .layer(ObserveLayer(RpcServer::new(telemetry.clone(), conf)))
            .layer(GuardLayer::new(conf))
            .into_inner();
        let names = self.names;
        let published = register::published(address, std::env::var("POD_IP").ok());
        let closing = stop.clone();
        let closed = async move {
            let mut entry = None;
            if let Some(etcd) = &conf.etcd {
                tokio::select! {
                    registered = register::register(etcd, &published) => entry = Some(registered),
                    () = closing.cancelled() => {}
                }
            }
            closing.cancelled().await;
            if let Some(entry) = entry {
                // Who still has the address finds an open port until the news has spread.
                entry.leave().await;
                tokio::time::sleep(conf.service.shutdown.wrap_up_time).await;
            }
            for name in names.iter().chain(&[""]) {
                health.set_service_status(*name, ServingStatus::NotServing).await;
            }
        };
        // Boxed: the servers' futures are large, and each caller up the stack would hold them whole.
        let main = Box::pin(async move {
            logx::info!("Starting rpc server at {address}...");
            let incoming = TcpIncoming::from(listeners.main).with_nodelay(Some(true));
            tonic::transport::Server::builder()
                .layer(layers)
                .add_routes(self.routes.routes())
                .serve_with_incoming_shutdown(incoming, closed)
                .await
        });
        serve::until_stopped(main, admin, admin_stop, ready, stop, &conf.service.shutdown, telemetry).await
    }
}
