//! go-zero's process-wide state: set-up, levels, writers, closing; each test begins as a process does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logx::testing::hostile::{Memory, check_line};
use logx::{Kind, Level, LogConf, NativeWriter, Record, SetUpError, Stream, WriteError, Writer, field};

type Object = serde_json::Map<String, serde_json::Value>;

fn fresh() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    logx::testing::reset();
    guard
}

/// Sets up with a writer into memory.
fn set_up(conf: &LogConf) -> Memory {
    let memory = Memory::default();
    logx::set_up_with(conf, |_| Ok(Stream::new(memory.clone()))).unwrap();
    memory
}

fn objects(memory: &Memory) -> Vec<Object> {
    memory.take().lines().map(|line| check_line(line).unwrap()).collect()
}

fn contents(memory: &Memory) -> Vec<String> {
    objects(memory).iter().map(|object| object["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_failed_set_up_may_be_repeated_and_a_second_successful_one_is_an_error() {
    let _alone = fresh();
    let bad = LogConf { mode: logx::Mode::Volume, ..LogConf::default() };
    assert!(matches!(logx::set_up(&bad), Err(SetUpError::Invalid { key: "ServiceName", .. })));
    let unwritable = LogConf { mode: logx::Mode::File, path: "/dev/null/logs".into(), ..LogConf::default() };
    assert!(matches!(logx::set_up(&unwritable), Err(SetUpError::Open { .. })));
    assert_eq!(logx::level(), Level::Debug, "a failed set-up changes nothing");
    let memory = set_up(&LogConf::default());
    assert!(matches!(logx::set_up(&LogConf::default()), Err(SetUpError::AlreadySetUp)));
    logx::debug("hidden");
    logx::info("shown");
    assert_eq!(contents(&memory), ["shown"]);
}

#[test]
fn without_a_set_up_debug_prints_and_the_configurations_default_is_info() {
    let _alone = fresh();
    assert!(logx::enabled(Kind::Debug, ""));
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::debug("shown");
    assert_eq!(contents(&memory), ["shown"]);
    logx::testing::reset();
    set_up(&LogConf::default());
    assert_eq!(logx::level(), Level::Info);
}

#[test]
fn the_threshold_stands_in_front_of_the_writer_which_never_filters() {
    let _alone = fresh();
    let memory = set_up(&LogConf { level: Level::Severe, ..LogConf::default() });
    logx::error("no");
    logx::slow("no");
    logx::error_stack("no");
    logx::stat("no");
    logx::alert("alert");
    logx::severe!("severe");
    let words: Vec<_> = objects(&memory).iter().map(|object| object["level"].clone()).collect();
    assert_eq!(words, ["alert", "fatal"]);
    logx::set_level(Level::Debug);
    logx::debug("again");
    assert_eq!(contents(&memory), ["again"]);
}

#[test]
fn stat_has_a_switch_of_its_own_that_goes_both_ways() {
    let _alone = fresh();
    let memory = set_up(&LogConf { stat: false, ..LogConf::default() });
    logx::stat("hidden");
    logx::stat!("hidden");
    logx::enable_stat();
    logx::stat("shown");
    logx::disable_stat();
    logx::stat("hidden");
    assert_eq!(contents(&memory), ["shown"]);
}

#[test]
fn disabling_stops_alerts_too_and_writers_set_meanwhile_stay() {
    let _alone = fresh();
    let (first, second, third) = (Memory::default(), Memory::default(), Memory::default());
    logx::set_writer(Stream::new(first.clone()));
    logx::disable();
    logx::set_writer(Stream::new(second.clone()));
    logx::add_writer(Stream::new(third.clone()));
    logx::alert("nothing");
    logx::severe("nothing");
    logx::set_level(Level::Info);
    logx::info("again");
    assert_eq!(
        (contents(&first), contents(&second), contents(&third)),
        (vec![], vec!["again".into()], vec!["again".into()])
    );
    logx::disable();
    logx::close().unwrap();
    logx::close().unwrap();
}

#[test]
fn reset_gives_the_writer_back_open_and_leaves_the_level() {
    let _alone = fresh();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::set_level(Level::Error);
    let writer = logx::reset().unwrap();
    assert!(logx::reset().is_none());
    assert_eq!(logx::level(), Level::Error);
    logx::set_writer(writer);
    logx::error("through the same writer");
    assert_eq!(contents(&memory), ["through the same writer"]);
}

#[test]
fn writers_are_added_one_behind_the_other() {
    let _alone = fresh();
    let memories = [Memory::default(), Memory::default(), Memory::default()];
    for memory in &memories {
        logx::add_writer(Stream::new(memory.clone()));
    }
    logx::info("for all");
    for memory in &memories {
        assert_eq!(contents(memory), ["for all"]);
    }
}

/// A writer that counts how often it is closed, and fails at it.
struct Closing(Arc<AtomicU32>, &'static str);

impl Writer for Closing {
    fn write(&self, _: &Record<'_>) -> Result<(), WriteError> {
        if self.0.load(Ordering::SeqCst) > 0 { Err(WriteError::Closed) } else { Ok(()) }
    }

    fn close(&self, _: Duration) -> Result<(), WriteError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(WriteError::other(self.1))
    }
}

#[test]
fn closing_a_combination_closes_all_joins_the_errors_and_later_lines_are_counted() {
    let _alone = fresh();
    let closed = Arc::new(AtomicU32::new(0));
    logx::set_writer(Closing(Arc::clone(&closed), "first"));
    logx::add_writer(Closing(Arc::clone(&closed), "second"));
    let error = logx::close().unwrap_err().to_string();
    assert_eq!((error.as_str(), closed.load(Ordering::SeqCst)), ("first; second", 2));
    logx::close().unwrap();
    let before = logx::health().after_close;
    logx::info("to stderr");
    assert_eq!(logx::health().after_close - before, 1, "no console writer appears after a close");
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::info("a new writer");
    assert_eq!(contents(&memory), ["a new writer"]);
}

#[test]
fn a_line_for_a_writer_that_was_closed_goes_to_the_present_one() {
    let _alone = fresh();
    let memory = Memory::default();
    let closed = Arc::new(AtomicU32::new(1));
    // As if the line had taken its snapshot before the swap: the first writer says it is closed.
    let next = memory.clone();
    logx::set_writer(logx::from_fn(move |_| {
        logx::set_writer(Stream::new(next.clone()));
        if closed.load(Ordering::SeqCst) > 0 { Err(WriteError::Closed) } else { Ok(()) }
    }));
    logx::info("once");
    assert_eq!(contents(&memory), ["once"]);
}

#[test]
fn must_passes_values_on_and_panics_with_the_text_when_told_not_to_exit() {
    let _alone = fresh();
    let memory = set_up(&LogConf::default());
    assert_eq!(logx::must(Ok::<_, std::io::Error>(7)), 7);
    logx::set_exit_on_fatal(false);
    logx::set_exit_on_fatal(false);
    let panic = catch_unwind(AssertUnwindSafe(|| logx::must(Err::<(), _>("the port is taken")))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "the port is taken");
    let [line] = &objects(&memory)[..] else { panic!("one line") };
    assert_eq!(line["level"], "fatal");
    assert!(line["content"].as_str().unwrap().starts_with("the port is taken\n"));
}

#[test]
fn long_contents_are_cut_on_a_character_boundary_and_say_so_under_the_configured_key() {
    let _alone = fresh();
    let mut conf = LogConf { max_content_length: 5, ..LogConf::default() };
    conf.field_keys.truncated = "cut".into();
    let memory = set_up(&conf);
    logx::info("12345");
    logx::info("123456");
    logx::info!("12{}", "34éé");
    logx::infov(&"123456");
    logx::infow("x", &[field("long", "a field is not cut"), field("truncated", 1)]);
    logx::infov(&["a value", "is not cut"]);
    logx::alert("1234567");
    let lines = objects(&memory);
    let [exact, cut, boundary, value, fields, list, alert] = &lines[..] else { panic!("{lines:?}") };
    assert!(!exact.contains_key("cut") && exact["content"] == "12345", "exactly as long is not cut");
    assert_eq!((&cut["content"], &cut["cut"]), (&"12345".into(), &true.into()));
    assert_eq!(
        (&boundary["content"], &boundary["cut"]),
        (&"1234".into(), &true.into()),
        "not in the middle of a character"
    );
    assert_eq!((&value["content"], &value["cut"]), (&"12345".into(), &true.into()), "text is text however it came");
    assert_eq!((&fields["long"], &fields["truncated"]), (&"a field is not cut".into(), &1.into()));
    assert!(list["content"].is_array() && !list.contains_key("cut"));
    assert_eq!((&alert["content"], &alert["cut"]), (&"12345".into(), &true.into()));
}

#[test]
fn a_stack_stays_whole_where_the_text_is_cut() {
    let _alone = fresh();
    let memory = set_up(&LogConf { max_content_length: 5, stack_cooldown_millis: 0, ..LogConf::default() });
    logx::severe("123456789");
    logx::error_stack("123456789");
    for line in objects(&memory) {
        let content = line["content"].as_str().unwrap();
        assert!(content.starts_with("12345\n") && content.contains("globals.rs:"), "{content}");
        assert_eq!(line["truncated"], true);
    }
}

#[test]
fn key_names_and_time_layouts_are_the_configurations() {
    let _alone = fresh();
    let conf: LogConf = serde_json::from_str(
        r#"{"TimeFormat":"2006/01/02","FieldKeys":{"TimestampKey":"ts","LevelKey":"lvl","CallerKey":"src","ContentKey":"msg",
            "DurationKey":"took","TraceKey":"tid","SpanKey":"sid"},"MaskKeys":["password"]}"#,
    )
    .unwrap();
    let memory = set_up(&conf);
    let context = logx::Context::new().with_trace("t").with_span("s");
    let log = logx::with_duration(Duration::from_millis(1)).with_context(&context);
    log.infow("x", &[field("msg", "mine"), field("content", "free"), field("Password", "RAW-SECRET")]);
    let line = objects(&memory).pop().unwrap();
    let stamp = line["ts"].as_str().unwrap();
    assert!(stamp.len() == 10 && stamp.chars().filter(|c| *c == '/').count() == 2, "{stamp}");
    for (key, want) in [
        ("lvl", "info"),
        ("msg", "x"),
        ("took", "1.0ms"),
        ("tid", "t"),
        ("sid", "s"),
        ("fields.msg", "mine"),
        ("content", "free"),
        ("Password", "***"),
    ] {
        assert_eq!(line[key], want, "{key}");
    }
    // The settings can be changed and taken back.
    logx::reconfigure(&LogConf::default()).unwrap();
    log.info("x");
    assert_eq!(objects(&memory)[0]["content"], "x");
}

#[test]
fn global_fields_only_add_and_yield_to_all_others() {
    let _alone = fresh();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::add_global_fields([field("service", "shop"), field("zone", "a")]);
    logx::add_global_fields([field("host", "h")]);
    logx::infow("x", &[field("zone", "mine")]);
    logx::stat("figures");
    logx::alert("alert");
    let lines = objects(&memory);
    let [info, stat, alert] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&info["service"], &info["zone"], &info["host"]), (&"shop".into(), &"mine".into(), &"h".into()));
    assert_eq!(stat["service"], "shop");
    assert!(!alert.contains_key("service"), "severe, alert and stack carry none");
}

#[test]
fn stacks_cool_down_on_every_writer_and_what_was_left_out_is_said_at_the_end() {
    let _alone = fresh();
    let memory = set_up(&LogConf { stack_cooldown_millis: 3_600_000, ..LogConf::default() });
    for i in 0..4 {
        logx::error_stack(format_args!("stack {i}"));
    }
    logx::close().unwrap();
    let contents = contents(&memory);
    let [stack, left] = &contents[..] else { panic!("{contents:?}") };
    assert!(stack.starts_with("stack 0\n"));
    assert_eq!(left, "Discarded 3 error messages");
}

#[test]
fn levels_of_targets_hold_for_the_modules_below() {
    let _alone = fresh();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::set_level(Level::Info);
    logx::set_target_level("sqlx", Level::Error);
    logx::set_target_level("sqlx::query", Level::Debug);
    logx::info!(target: "sqlx", "no");
    logx::info!(target: "sqlx::pool", "no");
    logx::info!(target: "sqlxy", "another");
    logx::debug!(target: "sqlx::query::logger", "finer");
    logx::debug!(target: "other", "no");
    assert_eq!(contents(&memory), ["another", "finer"]);
    logx::set_target_level("sqlx", None);
    logx::info!(target: "sqlx", "again");
    assert_eq!(contents(&memory), ["again"]);
}

#[test]
fn a_console_writer_appears_for_the_first_line_of_a_program_that_sets_nothing_up() {
    let _alone = fresh();
    let before = logx::health().total_lines();
    logx::info!("on the test's stdout");
    assert_eq!(logx::health().total_lines() - before, 1);
    let writer = logx::reset().unwrap();
    writer.close(Duration::from_secs(1)).unwrap();
    let _: NativeWriter = NativeWriter::console();
}

#[test]
fn a_collector_sees_lines_also_after_another_writer_was_set() {
    let _alone = fresh();
    let memory = Memory::default();
    for _ in 0..2 {
        logx::set_writer(Stream::new(memory.clone()));
        let logs = logx::testing::collect();
        logx::info("collected");
        assert_eq!(logs.records().len(), 1);
        drop(logs);
        logx::info("not collected");
        assert_eq!(contents(&memory), ["not collected"]);
    }
}
