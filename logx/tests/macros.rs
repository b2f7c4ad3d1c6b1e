//! The macros: every form, in places where names are shadowed, across awaits, and unevaluated when off.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;

use logx::{Kind, Level, OwnedRecord, OwnedValue};

/// The one record that `log` makes.
fn record(log: impl FnOnce()) -> OwnedRecord {
    let logs = logx::testing::collect();
    log();
    let mut records = logs.take();
    assert_eq!(records.len(), 1, "{records:?}");
    records.pop().unwrap()
}

fn fields(record: &OwnedRecord) -> Vec<(String, String)> {
    record.fields.iter().map(|f| (f.key.to_string(), f.value.to_json().to_string())).collect()
}

fn pairs(want: &[(&str, &str)]) -> Vec<(String, String)> {
    want.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn every_form_of_the_message() {
    let (x, width) = (7, 4);
    for (log, want) in [
        ((|| logx::info!("literal")) as fn(), "literal"),
        (|| logx::info!("{} and {}", 1, 2), "1 and 2"),
        (|| logx::info!("{} and {}", 1, 2,), "1 and 2"),
        (|| logx::info!("{{}}"), "{}"),
        (|| logx::info!("{a:?}", a = "q"), "\"q\""),
    ] {
        assert_eq!(record(log).text(), want);
    }
    assert_eq!(record(|| logx::info!("{x:>width$}")).text(), "   7");
    assert_eq!(record(|| logx::info!(x; "x is {x}")).text(), "x is 7");
}

#[test]
fn every_form_of_a_field() {
    #[derive(serde::Serialize, Debug)]
    struct User {
        id: u32,
    }
    let (id, name, err) = (7, "ann", std::io::Error::other("full"));
    let user = User { id };
    let card = String::from("4111-1111");
    let record = record(|| {
        logx::info!(id, name, a = 1 + 1, "any key" = true, b:display = name, c:% = id, d:debug = user, e:? = name,
            f:err = err, g:error = err, h:serde = user, i:mask = card, j:bytes = b"hi", err:err, k = Some(2), l = None::<u8>,
            m = std::time::Duration::from_micros(1_500), n = OwnedValue::text("owned"); "all");
    });
    let want = [
        ("id", "7"),
        ("name", "\"ann\""),
        ("a", "2"),
        ("any key", "true"),
        ("b", "\"ann\""),
        ("c", "\"7\""),
        ("d", "\"User { id: 7 }\""),
        ("e", "\"\\\"ann\\\"\""),
        ("f", "\"full\""),
        ("g", "\"full\""),
        ("h", "{\"id\":7}"),
        ("i", "\"***\""),
        ("j", "\"aGk=\""),
        ("err", "\"full\""),
        ("k", "2"),
        ("l", "null"),
        ("m", "\"1.5ms\""),
        ("n", "\"owned\""),
    ];
    assert_eq!(fields(&record), pairs(&want));
}

#[test]
fn logger_and_target_stand_in_front_in_any_order() {
    let log = logx::with_fields([logx::field("of", "logger")]);
    let all = [
        record(|| logx::info!(logger: log, a = 1; "x")),
        record(|| logx::info!(logger: log, target: "mine", a = 1; "x")),
        record(|| logx::info!(target: "mine", logger: log, a = 1; "x")),
    ];
    for record in &all {
        assert_eq!(fields(record), pairs(&[("of", "\"logger\""), ("a", "1")]));
    }
    assert_eq!((&*all[0].target, &*all[1].target, &*all[2].target), ("macros", "mine", "mine"));
    assert_eq!(&*record(|| logx::info!(target: "mine", "x")).target, "mine");
    assert_eq!(fields(&record(|| logx::info!(logger: &log, "x"))), pairs(&[("of", "\"logger\"")]));
    let dynamic: &dyn logx::Logger = &log;
    assert_eq!(fields(&record(|| logx::info!(logger: dynamic, "x"))), pairs(&[("of", "\"logger\"")]));
}

#[test]
fn every_kind_has_its_macro() {
    let logs = logx::testing::collect();
    logx::debug!("x");
    logx::info!("x");
    logx::warn!("x");
    logx::error!("x");
    logx::slow!("x");
    logx::stat!("x");
    logx::severe!("x");
    logx::alert!("x");
    logx::error_stack!("x");
    logx::log!(Kind::Warn, n = 1; "x");
    let kinds: Vec<Kind> = logs.records().iter().map(|r| r.kind).collect();
    let [debug, info, warn, error, slow, stat, severe, alert, stack] = Kind::ALL;
    assert_eq!(kinds, [debug, info, warn, error, slow, stat, severe, alert, stack, warn]);
}

/// Names of the prelude and of crates are what the macros must not rely on.
#[test]
#[allow(
    non_camel_case_types,
    dead_code,
    unused_imports,
    unused_macros,
    non_snake_case,
    reason = "names that stand in the way"
)]
fn shadowed_names_do_not_disturb() {
    mod core {}
    mod std {}
    mod alloc {}
    mod serde {}
    struct Option;
    struct Result;
    struct Some;
    struct None;
    struct Ok;
    struct Err;
    struct Value;
    struct Kind;
    struct Site;
    struct Vec;
    struct String;
    trait ToValue {}
    trait Logger {}
    macro_rules! format_args {
        ($($t:tt)*) => {
            compile_error!("the wrong macro")
        };
    }
    macro_rules! stringify {
        ($($t:tt)*) => {
            compile_error!("the wrong macro")
        };
    }
    macro_rules! log {
        ($($t:tt)*) => {
            compile_error!("the wrong macro")
        };
    }
    let (value, logger, log, site, args, SITE) = (1, 2, 3, 4, 5, 6);
    let logs = ::logx::testing::collect();
    ::logx::info!(value, logger, log, site, args, key = SITE; "{value} {logger} {log} {site} {args}");
    let log = ::logx::logger();
    ::logx::info!(logger: log, value; "{value}");
    let texts: ::std::vec::Vec<_> = logs.records().iter().map(::logx::OwnedRecord::text).collect();
    assert_eq!(texts, ["1 2 3 4 5", "1"]);
}

#[test]
fn nothing_is_evaluated_when_the_line_does_not_pass() {
    let calls = Cell::new(0);
    let call = || {
        calls.set(calls.get() + 1);
        1
    };
    // The level is the process's: this target's own does not disturb other tests.
    logx::set_target_level("macros::quiet", Level::Error);
    let logs = logx::testing::collect();
    logx::info!(target: "macros::quiet", a = call(), b:display = call(); "{}", call());
    logx::with_target("macros::quiet").infofn(call);
    assert_eq!((calls.get(), logs.records().len()), (0, 0));
    logx::error!(target: "macros::quiet", a = call(), b:display = call(); "{}", call());
    assert_eq!((calls.get(), logs.records().len()), (3, 1), "each argument once");
    logx::set_target_level("macros::quiet", None);
}

#[test]
fn a_line_with_an_await_in_it_leaves_the_future_send() {
    async fn answer() -> u32 {
        42
    }
    async fn logs() {
        let log = logx::logger();
        logx::info!(answer = answer().await, after:display = answer().await; "{} and {}", answer().await, answer().await);
        logx::info!(logger: log, answer = answer().await; "again");
        answer().await;
    }
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let collected = logx::testing::collect();
    let mut future = std::pin::pin!(is_send(logs()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    let records = collected.records();
    assert_eq!((records.len(), records[0].text().as_str()), (2, "42 and 42"));
    assert_eq!(records[0].json("answer"), 42);
}

#[test]
fn the_caller_is_the_line_of_the_call() {
    let here = record(|| logx::info!("x"));
    assert_eq!(*here.caller, *format!("tests/macros.rs:{}", line!() - 1));
    let there = record(|| logx::info("x"));
    assert_eq!(*there.caller, *format!("tests/macros.rs:{}", line!() - 1));
}
