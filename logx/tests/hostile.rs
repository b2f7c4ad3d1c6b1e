//! The hostile table through every writer of logx's own: always whole lines, the caller unharmed, later lines fine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logx::sink::{Background, Overflow, stream};
use logx::testing::hostile::{CASES, Deep, Memory, Twice, check_case, check_line, check_table, deep_lists};
use logx::{Encoding, LogConf, Mode, NativeWriter, Stream, Writer, field};

/// The writer is the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    logx::reset();
    guard
}

/// Runs the whole table; every line must be one JSON object, with the bad value's neighbours in it.
fn json_table(mut take: impl FnMut() -> String) {
    check_table(Encoding::Json, &mut take);
}

#[test]
fn every_case_is_one_json_object_through_every_writer() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(NativeWriter::new(stream(memory.clone()), Encoding::Json));
    json_table(|| memory.take());

    logx::set_writer(Stream::new(memory.clone()));
    json_table(|| memory.take());

    let background = Background::new(memory.clone(), 64 << 20, Overflow::Block(Duration::from_secs(10))).unwrap();
    logx::set_writer(NativeWriter::new(std::sync::Arc::new(background), Encoding::Json));
    json_table(|| memory.take());
    logx::close().unwrap();

    let own = memory.clone();
    logx::set_writer(logx::from_fn(move |record| {
        let mut line = Vec::new();
        record.push_json(&mut line);
        Ok(std::io::Write::write_all(&mut own.clone(), &line)?)
    }));
    json_table(|| memory.take());

    let second = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::add_writer(Stream::new(second.clone()));
    // A combination renders a value for each of its writers, so a value that logs does it again.
    for case in CASES.iter().filter(|case| case.lines == 1) {
        check_case(case, Encoding::Json, &mut || {
            let (a, b) = (memory.take(), second.take());
            assert_eq!(a, b, "both writers of a combination get every line");
            a
        });
    }

    let dir = tempfile::tempdir().unwrap();
    let conf = LogConf { mode: Mode::File, path: dir.path().to_owned(), ..LogConf::default() };
    logx::set_writer(NativeWriter::from_conf(&conf).unwrap());
    let mut seen = 0;
    json_table(|| {
        let names = ["access.log", "error.log", "severe.log"];
        let all: String = names.iter().map(|n| std::fs::read_to_string(dir.path().join(n)).unwrap()).collect();
        // The error kinds' files come after access.log: a case's lines stand at the ends of different files.
        let new: Vec<&str> = all.lines().filter(|l| !l.is_empty()).collect();
        let fresh = new.len() - seen;
        seen = new.len();
        let mut lines = std::mem::take(&mut *SEEN.lock().unwrap());
        let mut out = String::new();
        for line in new {
            match lines.iter().position(|known| known == line) {
                Some(i) => {
                    lines.swap_remove(i);
                }
                None => out.push_str(&format!("{line}\n")),
            }
        }
        assert_eq!(out.lines().count(), fresh);
        *SEEN.lock().unwrap() = all.lines().map(str::to_owned).collect();
        out
    });
    logx::close().unwrap();
}

/// The lines of the log files that an earlier case has made.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[test]
fn every_case_is_exactly_one_line_of_plain_text() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(NativeWriter::new(stream(memory.clone()), Encoding::Plain));
    check_table(Encoding::Plain, &mut || memory.take());
}

#[test]
fn a_hundred_megabytes_are_one_line_whole_or_cut() {
    let _alone = alone();
    let text = "x\n".repeat(50 << 20);
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    logx::info!(field = 1; "{text}");
    logx::infow("as a field", &[field("text", &text)]);
    let out = memory.take();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.len() > 150 << 20 && line.starts_with('{') && line.ends_with('}'));
    }
    logx::info("later");
    assert!(check_line(memory.take().trim_end()).is_ok());
}

#[test]
fn equal_keys_leave_the_last_value_and_deep_values_a_mark() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    for _ in 0..2 {
        logx::info!(v:serde = Twice; "twice");
        let object = check_line(memory.take().trim_end()).unwrap();
        assert_eq!(object["v"]["a"], serde_json::json!([3]));
        assert_eq!(object["v"]["b"].as_object().unwrap().len(), 70);
        assert_eq!(object["v"]["b"]["k59"], 199);
        assert_eq!(object["v"]["b"]["k60"], 130);
    }
    for (deep, mark) in [(Deep::Lists, "!error: nested too deeply"), (Deep::Wrappers, "!error: nested too deeply")] {
        logx::info!(v:serde = deep; "deep");
        assert_eq!(check_line(memory.take().trim_end()).unwrap()["v"], mark);
    }
    deep_lists(50, &mut |v| logx::infow("not too deep", &[logx::Field { key: logx::Key::Static("v"), value: v }]));
    assert!(memory.take().contains("[[[[[1]]]]]"));
    // To keep a value needs no more stack than to print it.
    deep_lists(100_000, &mut |v| assert!(logx::OwnedValue::from_value(v).to_json().is_array()));
}

#[test]
fn the_marks_say_what_went_wrong() {
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    let of = |name: &str| {
        (CASES.iter().find(|case| case.name == name).unwrap().run)();
        check_line(memory.take().lines().last().unwrap()).unwrap()
    };
    assert_eq!(of("a Display that panics")["v"], "!panic: on purpose");
    assert_eq!(of("a Serialize that fails")["v"], "!error: a \"reason\"\nin two lines");
    assert_eq!(of("a secret whose mask panics")["v"], "***");
    assert_eq!(of("NaN")["v"], "!error: NaN");
    assert_eq!(of("infinities")["a"], "!error: +Inf");
    assert_eq!(of("NaN in a list")["v"], serde_json::json!([1, "!error: NaN"]));
    assert_eq!(of("a content that panics")["content"], "!panic: on purpose");
    let built_in = of("fields named as logx names its own");
    assert_eq!(built_in["level"], "info");
    assert_eq!(built_in["fields.level"], "context's", "a context's field wins, and never replaces the level");
    assert_eq!(built_in["fields.caller"], "mine");
    assert_eq!(
        (&built_in["trace"], &built_in["span"], &built_in["duration"]),
        (&"t".into(), &"s".into(), &"mine".into())
    );
    assert_eq!(of("a thousand fields of one key")["k"], 999);
}

#[test]
fn a_value_that_panics_while_its_thread_panics_ends_nothing() {
    struct LogsOnDrop;
    impl Drop for LogsOnDrop {
        fn drop(&mut self) {
            (CASES[0].run)();
        }
    }
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(Stream::new(memory.clone()));
    let thread = std::thread::spawn(|| {
        let _logs = LogsOnDrop;
        std::panic::resume_unwind(Box::new("the thread's own"));
    });
    assert!(thread.join().is_err());
    assert_eq!(check_line(memory.take().trim_end()).unwrap()["v"], "!panic: on purpose");
}

#[test]
fn a_writer_that_panics_when_it_goes_harms_nobody() {
    struct DropPanics;
    impl Writer for DropPanics {
        fn write(&self, _: &logx::Record<'_>) -> Result<(), logx::WriteError> {
            Ok(())
        }
    }
    impl Drop for DropPanics {
        fn drop(&mut self) {
            panic!("while it is dropped");
        }
    }
    let _alone = alone();
    let memory = Memory::default();
    logx::set_writer(DropPanics);
    logx::info("taken");
    logx::set_writer(Stream::new(memory.clone()));
    logx::info("later");
    assert_eq!(check_line(memory.take().trim_end()).unwrap()["content"], "later");
}
