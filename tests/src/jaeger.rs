//! A real Jaeger that keeps its spans in memory.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::program::{Running, eventually};
use crate::servers::{find, start, until_ready};
use crate::traces::{self, Span};
use crate::{http, ports};

/// How long spans may take from a service's stop to Jaeger's answer.
const ARRIVE: Duration = Duration::from_secs(20);

/// A Jaeger server.
#[derive(Debug)]
pub struct Jaeger {
    /// Takes Thrift over HTTP, 14268 in the shipped files.
    pub thrift: u16,
    /// Takes OTLP over gRPC, 4317 as a rule.
    pub otlp_grpc: u16,
    /// Takes OTLP over HTTP, 4318 as a rule.
    pub otlp_http: u16,
    /// Takes Zipkin's JSON, 9411 as a rule.
    pub zipkin: u16,
    query: u16,
    _running: Running,
}

impl Jaeger {
    /// Starts one.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn start() -> Result<Self> {
        start("Jaeger", || {
            let [thrift, otlp_grpc, otlp_http, zipkin, query, admin, own, sampling, query_grpc] = ports::free()?;
            let mut server = Command::new(find("jaeger").context("jaeger is not installed")?);
            for (name, port) in [
                ("admin.http", admin),
                ("collector.grpc-server", own),
                ("collector.http-server", thrift),
                ("collector.otlp.grpc", otlp_grpc),
                ("collector.otlp.http", otlp_http),
                ("collector.zipkin", zipkin),
                ("http-server", sampling),
                ("query.http-server", query),
                ("query.grpc-server", query_grpc),
            ] {
                server.arg(format!("--{name}.host-port=127.0.0.1:{port}"));
            }
            // The UDP ports of its agent serve nobody here: any free ones.
            for name in ["jaeger-binary", "jaeger-compact", "zipkin-compact"] {
                server.arg(format!("--processor.{name}.server-host-port=127.0.0.1:0"));
            }
            let mut running = Running::spawn(server.arg("--collector.otlp.enabled=true"))?;
            until_ready("Jaeger answers", &mut running, || {
                [(admin, "/"), (query, "/api/services")]
                    .iter()
                    .all(|(port, path)| http::get(*port, path).is_ok_and(|reply| reply.status == 200))
            })?;
            Ok(Self { thrift, otlp_grpc, otlp_http, zipkin, query, _running: running })
        })
    }

    /// The spans of a trace, as soon as they are complete.
    ///
    /// # Errors
    /// They do not come, or Jaeger warns about one.
    pub fn trace(&self, id: &str, complete: impl Fn(&[Span]) -> bool) -> Result<Vec<Span>> {
        let mut last = Vec::new();
        let arrived = eventually("the whole trace is in Jaeger", ARRIVE, || {
            let reply = http::get(self.query, &format!("/api/traces/{id}")).ok()?;
            last = traces::from_jaeger(&reply.json().ok()?).ok()?;
            complete(&last).then_some(())
        });
        arrived.with_context(|| format!("there are {last:#?}"))?;
        Ok(last)
    }
}
