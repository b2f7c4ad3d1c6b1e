//! Events of libraries in the service's log: by one way, at warn and above, or as `Log.Levels` says. One test: it takes
//! the process's writer.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use kit::conf::{RestConf, from_yaml};
use kit::logging;
use logx::{Kind, OwnedRecord};

const YAML: &str = "Name: test-api\nHost: 127.0.0.1\nPort: 0
Log:
  Levels: {hyper: info, h2: debug, \"h2::codec\": error, sqlx: \"off\"}
";

fn log_through_tracing() {
    tracing::info!(target: "tonic::transport", "quiet");
    tracing::warn!(target: "tonic::transport", peer = "10.0.0.7", tries = 3, "warned");
    tracing::error!(target: "rustls", "failed");
    tracing::info!(target: "hyper::proto", "let through");
    tracing::debug!(target: "hyper::proto", "quiet");
    tracing::info!(target: "hyperion", "quiet");
    tracing::debug!(target: "h2::proto", "below the service's level, let through");
    tracing::trace!(target: "h2::proto", "quiet");
    tracing::warn!(target: "h2::codec::framed", "quiet");
    tracing::error!(target: "sqlx::query", "quiet");
}

fn log_through_log() {
    log::info!(target: "tonic::transport", "quiet");
    log::warn!(target: "tonic::transport", peer = "10.0.0.7", tries = 3; "warned");
    log::error!(target: "rustls", "failed");
    log::info!(target: "hyper::proto", "let through");
    log::debug!(target: "hyper::proto", "quiet");
    log::info!(target: "hyperion", "quiet");
    log::debug!(target: "h2::proto", "below the service's level, let through");
    log::trace!(target: "h2::proto", "quiet");
    log::warn!(target: "h2::codec::framed", "quiet");
    log::error!(target: "sqlx::query", "quiet");
}

fn assert_passed(records: &[OwnedRecord], with_fields: bool) {
    let seen: Vec<_> = records.iter().map(|r| (r.kind, &*r.target)).collect();
    let wanted = [
        (Kind::Warn, "tonic::transport"),
        (Kind::Error, "rustls"),
        (Kind::Info, "hyper::proto"),
        (Kind::Debug, "h2::proto"),
    ];
    assert_eq!(seen, wanted, "{records:?}");
    for record in records {
        assert!(record.caller.contains("library_events.rs:"), "{}", record.caller);
    }
    let first = &records[0];
    if with_fields {
        assert_eq!(first.text(), "warned");
        let mut fields: Vec<_> = first.fields.iter().map(|f| (f.key.to_string(), f.value.to_json())).collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(fields, [("peer".into(), "10.0.0.7".into()), ("tries".into(), 3.into())]);
    } else {
        // tracing/log makes one text of message and fields.
        let text = first.text();
        assert!(["warned", "peer=", "10.0.0.7", "tries=3"].iter().all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn events_of_libraries_come_by_one_way_as_the_levels_say() {
    let conf = from_yaml::<RestConf>("test", YAML, None).unwrap().conf;
    logging::set_up(&conf.service.log).unwrap();
    let logs = logx::testing::collect_global();
    log_through_tracing();
    let through_tracing = logs.take();
    log_through_log();
    let through_log = logs.take();

    let with_tracing = cfg!(feature = "tracing");
    assert_passed(&through_tracing, with_tracing);
    if with_tracing {
        assert!(through_log.is_empty(), "two ways at once: {through_log:?}");
    } else {
        assert_passed(&through_log, true);
    }

    // A writer whose own doing logs: the line that would go round is cut off.
    logx::testing::swap_writer(Chatty);
    let before = logx::health().reentrant;
    logx::error("once");
    assert_eq!(logx::health().reentrant, before + 1);
}

/// Logs as a library does, while it writes.
#[derive(Debug)]
struct Chatty;

impl logx::Writer for Chatty {
    fn write(&self, _: &logx::Record<'_>) -> Result<(), logx::WriteError> {
        tracing::error!(target: "a::library", "inside");
        Ok(())
    }
}
