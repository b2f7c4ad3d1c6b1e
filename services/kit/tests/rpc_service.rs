//! A gRPC service as its callers and its operators see it. The health service stands for any other: it is served by the same layers.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use kit::conf::{RpcServerConf, from_yaml};
use kit::observe::{Observe, ObserveLayer, RpcClient};
use kit::rpc::{RpcListeners, Server};
use kit::{CancellationToken, Telemetry};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{FILE_DESCRIPTOR_SET, HealthCheckRequest};
use tower::Layer as _;

struct Service {
    main: SocketAddr,
    metrics: SocketAddr,
    client: HealthClient<Observe<Channel, RpcClient>>,
    client_telemetry: Telemetry,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

async fn start() -> Service {
    let yaml = "Name: test-rpc\nListenOn: 127.0.0.1:0\nPrometheus: {Host: 127.0.0.1, Port: 0}\n";
    let conf = from_yaml::<RpcServerConf>("test", yaml, None).unwrap().conf;
    let listeners = RpcListeners::bind(&conf).await.unwrap();
    let main = listeners.main.local_addr().unwrap();
    let metrics = listeners.admin.metrics.as_ref().unwrap().local_addr().unwrap();
    let telemetry = Telemetry::start(&conf.service, false).unwrap();
    let client_telemetry = Telemetry::start(&conf.service, false).unwrap();
    let stop = CancellationToken::new();
    let closing = stop.clone();
    let served = tokio::spawn(async move {
        let server = Server::new(FILE_DESCRIPTOR_SET);
        server.serve(&conf, &telemetry, listeners, closing).await.unwrap();
    });
    let target = format!("direct:///{main}");
    let watch = RpcClient::new(client_telemetry.clone(), &target, Duration::from_secs(1));
    let channel = Channel::from_shared(format!("http://{main}")).unwrap().connect_lazy();
    let client = HealthClient::new(ObserveLayer(watch).layer(channel));
    Service { main, metrics, client, client_telemetry, stop, served }
}

async fn check(service: &Service, name: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: name.into() };
    let answer = service.client.clone().check(request).await;
    answer.map(|a| a.into_inner().status()).map_err(|s| s.code())
}

fn counted(text: &str, family: &str) -> Vec<String> {
    text.lines().filter(|l| l.starts_with(family)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_on_both_sides_by_method_and_number_of_the_code() {
    let service = start().await;
    assert_eq!(check(&service, "").await, Ok(ServingStatus::Serving));
    assert_eq!(check(&service, "nobody").await, Err(Code::NotFound));
    let method = "/grpc.health.v1.Health/Check";
    let expected = |side: &str| {
        [
            format!("rpc_{side}_requests_code_total{{code=\"0\",method=\"{method}\"}} 1"),
            format!("rpc_{side}_requests_code_total{{code=\"5\",method=\"{method}\"}} 1"),
        ]
    };
    let text = common::get(service.metrics, "/metrics").await.body;
    assert_eq!(counted(&text, "rpc_server_requests_code_total"), expected("server"));
    assert!(text.contains(&format!("rpc_server_requests_duration_ms_count{{method=\"{method}\"}} 2")));
    assert_eq!(counted(&text, "rpc_client_requests_code_total"), [""; 0]);
    let own = service.client_telemetry.metrics().exposition().unwrap();
    let own = String::from_utf8(own).unwrap();
    assert_eq!(counted(&own, "rpc_client_requests_code_total"), expected("client"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_method_is_no_label() {
    let service = start().await;
    let channel = Channel::from_shared(format!("http://{}", service.main)).unwrap().connect_lazy();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckRequest>::default();
    let path = http::uri::PathAndQuery::from_static("/made.Up/name");
    let request = tonic::Request::new(HealthCheckRequest::default());
    let status = grpc.unary(request, path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let text = common::get(service.metrics, "/metrics").await.body;
    assert!(!text.contains("made.Up"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_unavailable_and_counted() {
    let service = start().await;
    assert_eq!(check(&service, "").await, Ok(ServingStatus::Serving));
    service.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), service.served).await;
    ended.expect("an idle connection does not hold the stop up").unwrap();
    // A call may still have met the closing connection; the next one finds the port closed.
    let mut code = Code::Ok;
    let mut calls = 0;
    while code != Code::Unavailable && calls < 3 {
        calls += 1;
        let request = HealthCheckRequest::default();
        code = service.client.clone().check(request).await.unwrap_err().code();
    }
    assert_eq!(code, Code::Unavailable);
    let own = service.client_telemetry.metrics().exposition().unwrap();
    let own = String::from_utf8(own).unwrap();
    let total = r#"rpc_client_requests_code_total{code="14",method="/grpc.health.v1.Health/Check"}"#;
    let failed =
        counted(&own, "rpc_client_requests_code_total").into_iter().filter(|line| !line.contains(r#"code="0""#));
    let failed: Vec<(String, u32)> = failed
        .map(|line| line.rsplit_once(' ').map(|(what, n)| (what.to_owned(), n.parse().unwrap())).unwrap())
        .collect();
    assert!(failed.iter().any(|(what, _)| what == total), "{own}");
    assert_eq!(failed.iter().map(|(_, n)| n).sum::<u32>(), calls, "each failed call is counted once: {own}");
}
