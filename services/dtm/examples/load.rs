//! Load on a coordinator's HTTP interface: sagas of two empty branches that are waited for.
//!
//! `cargo run --release -p dtm --example load -- http://127.0.0.1:36789 64 10` keeps 64 connections busy for 10 s and prints sagas a second and
//! the wait of the median and of the slowest hundredth. It works against a real dtm as well.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

async fn worker(address: String, until: Instant) -> Vec<Duration> {
    let stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut waits = Vec::new();
    while Instant::now() < until {
        let body = format!(
            r#"{{"gid":"{}","trans_type":"saga","wait_result":true,"steps":[{{"action":"","compensate":""}},{{"action":"","compensate":""}}],"payloads":["",""]}}"#,
            dtm::gid::new()
        );
        let request = Request::post("/api/dtmsvr/submit")
            .header(header::HOST, &address)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let begin = Instant::now();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status}: {body:?}");
        waits.push(begin.elapsed());
    }
    waits
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().unwrap_or_else(|| "http://127.0.0.1:36789".to_owned());
    let connections: usize = arguments.next().map_or(64, |text| text.parse().unwrap());
    let seconds: u64 = arguments.next().map_or(10, |text| text.parse().unwrap());
    let address = base.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let until = Instant::now() + Duration::from_secs(seconds);
    let workers: Vec<_> = (0..connections).map(|_| tokio::spawn(worker(address.clone(), until))).collect();
    let mut waits = Vec::new();
    for worker in workers {
        waits.extend(worker.await.unwrap());
    }
    waits.sort_unstable();
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize];
    let rate = waits.len() as f64 / seconds as f64;
    let line = format!("{connections} connections: {rate:.0} sagas/s, p50 {:?}, p99 {:?}", at(0.5), at(0.99));
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}
