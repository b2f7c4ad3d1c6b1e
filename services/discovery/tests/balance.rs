//! Calls over several instances: the faster one gets more, one that is gone costs nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use discovery::{Channel, connect};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::Service;
use tower::layer::layer_fn;

/// Begins each call after a pause.
#[derive(Clone, Debug)]
struct Paused<S> {
    inner: S,
    pause: Duration,
}

impl<S, R> Service<R> for Paused<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (answer, pause) = (self.inner.call(request), self.pause);
        Box::pin(async move {
            tokio::time::sleep(pause).await;
            answer.await
        })
    }
}

/// A service that knows its own name and answers after a pause.
async fn service(name: &'static str, address: &str, pause: Duration, stop: CancellationToken) -> String {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(name, tonic_health::ServingStatus::Serving).await;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder().layer(layer_fn(move |inner| Paused { inner, pause })).add_service(health);
    tokio::spawn(server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()));
    address
}

/// Whether the instance that answered has this name.
async fn reached(channel: &Channel, name: &str) -> Result<bool, Status> {
    let request = HealthCheckRequest { service: name.to_owned() };
    match HealthClient::new(channel.clone()).check(request).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        failed => failed.map(|_| false),
    }
}

async fn count(channel: &Channel, name: &str, calls: usize) -> usize {
    let mut found = 0;
    for _ in 0..calls {
        found += usize::from(reached(channel, name).await.expect("no call fails"));
    }
    found
}

const NO_PAUSE: Duration = Duration::ZERO;

#[tokio::test(flavor = "multi_thread")]
async fn the_faster_of_two_gets_most_calls_and_the_slower_one_some() {
    let stop = CancellationToken::new();
    let fast = service("fast", "127.0.0.1:0", NO_PAUSE, stop.clone()).await;
    let slow = service("slow", "127.0.0.1:0", Duration::from_millis(100), stop.clone()).await;
    let channel = connect(&format!("direct:///{slow},{fast}")).await.unwrap();
    let begun = Instant::now();
    let mut calls = [0, 0];
    while begun.elapsed() < Duration::from_millis(2500) {
        let fast = reached(&channel, "fast").await.expect("no call fails");
        calls[usize::from(fast)] += 1;
    }
    // Once at the start, and once a second to see whether it has become faster.
    assert!((2..=5).contains(&calls[0]), "{calls:?}");
    assert!(calls[1] > 10 * calls[0], "{calls:?}");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_costs_no_call_and_is_used_again_when_it_is_back() {
    let (stop, stop_two) = (CancellationToken::new(), CancellationToken::new());
    let one = service("one", "127.0.0.1:0", NO_PAUSE, stop.clone()).await;
    let two = service("two", "127.0.0.1:0", NO_PAUSE, stop_two.clone()).await;
    let channel = connect(&format!("direct:///{one},{two}")).await.unwrap();
    assert!((1..100).contains(&count(&channel, "one", 100).await), "both are used");
    stop_two.cancel();
    assert!(count(&channel, "one", 300).await >= 150);
    assert_eq!(count(&channel, "one", 100).await, 100, "the other one is gone");
    // Its port may be waited for by nobody else: this process alone has it.
    let _two = service("two", &two, NO_PAUSE, stop.clone()).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    // One call a second at the least, to see whether it is back; more when it has become the faster one.
    let mut again = 0;
    while again < 3 {
        again += count(&channel, "two", 20).await;
        assert!(Instant::now() < deadline, "it is not used again");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_asked_for_at_each_connection() {
    let (stop, stop_again) = (CancellationToken::new(), CancellationToken::new());
    let address = service("named", "127.0.0.1:0", NO_PAUSE, stop_again.clone()).await;
    let (_, port) = address.rsplit_once(':').unwrap();
    let channel = connect(&format!("dns:///localhost:{port}")).await.unwrap();
    assert!(reached(&channel, "named").await.unwrap());
    stop_again.cancel();
    let deadline = Instant::now() + Duration::from_secs(20);
    while reached(&channel, "named").await.is_ok() {
        assert!(Instant::now() < deadline, "the service goes on after its end");
    }
    let _again = service("named again", &address, NO_PAUSE, stop.clone()).await;
    while !reached(&channel, "named again").await.unwrap_or(false) {
        assert!(Instant::now() < deadline, "no new connection was made");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_there_the_error_says_what_happened() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let channel = connect(&format!("direct:///{closed},{other}")).await.unwrap();
    let status = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(format!("{status:?}").contains("refused"), "{status:?}");
}
