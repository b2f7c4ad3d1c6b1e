//! Records of the `log` crate in logx, with their key-values; and no line that goes round in a circle.

#![cfg(feature = "log")]

use logx::{Event, Kind, LogBridge};

#[test]
fn records_of_log_keep_their_target_and_types_and_do_not_go_round() {
    LogBridge::new().with_target_level("quiet", log::LevelFilter::Error).init().expect("the only logger");
    let logs = logx::testing::collect();
    log::warn!(target: "sqlx::query", rows = 3, yes = true, text = "x"; "slow {}", "query");
    log::warn!(target: "quiet::inside", "too quiet");
    log::info!("too quiet");
    let record = logs.one(Kind::Warn, "slow query");
    let fields: Vec<_> = record.fields.iter().map(|f| (f.key.to_string(), f.value.to_json())).collect();
    assert_eq!(
        fields,
        [("rows".into(), 3.into()), ("yes".into(), true.into()), ("text".into(), serde_json::Value::from("x"))]
    );
    assert_eq!((&*record.target, logs.records().len()), ("sqlx::query", 1));
    assert!(record.caller.contains("log_bridge.rs:"), "{}", record.caller);

    // A writer that logs through `log` would feed itself.
    let before = logx::health().reentrant;
    let writer = logx::from_fn(|_| {
        log::error!("from the writer");
        Ok(())
    });
    Event::new(Kind::Info, "once".into()).write_to(&writer);
    assert_eq!((logs.records().len(), logx::health().reentrant), (1, before + 1));
}
