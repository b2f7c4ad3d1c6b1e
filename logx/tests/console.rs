//! The console by process: the hostile table through stdout and stderr, a closed stdout, a full one, a broken pipe.
//!
//! The test starts itself again as the program under test, so it brings its own `main`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::exit,
    reason = "a test fails by panicking and says what it did"
)]

use std::process::{Command, Output, Stdio};

use logx::testing::hostile::{CASES, check_line};
use logx::{Encoding, LogConf};

/// What the program under test is to do.
const TASK: &str = "LOGX_TEST_TASK";

fn main() {
    match std::env::var(TASK).as_deref() {
        Ok("json") => return table(Encoding::Json),
        Ok("plain") => return table(Encoding::Plain),
        Ok("few") => return few(),
        Ok("must") => return must(),
        Ok("must in file mode") => return must_in_file_mode(),
        _ => {}
    }
    the_table_is_whole_lines_on_both_streams();
    kinds_go_to_their_streams();
    a_stdout_that_is_closed_full_or_broken_harms_nobody();
    must_flushes_and_exits_with_status_1();
    must_loses_no_line_in_file_mode();
    println!("console: all passed");
}

fn table(encoding: Encoding) {
    logx::must(logx::set_up(&LogConf { encoding, ..LogConf::default() }));
    for case in CASES {
        (case.run)();
    }
    logx::close().unwrap();
}

fn few() {
    for i in 0..3 {
        logx::info!("line {i}");
    }
    logx::error("an error");
    // What the caller sees: the calls came back, and the figures tell.
    let health = logx::health();
    std::process::exit(if health.write_errors == 3 { 3 } else { 0 });
}

fn must() {
    logx::must(Err::<(), _>("the port is taken"));
}

/// Where the program under test puts its files.
const DIRECTORY: &str = "LOGX_TEST_DIRECTORY";

fn must_in_file_mode() {
    let path = std::env::var_os(DIRECTORY).unwrap().into();
    logx::must(logx::set_up(&LogConf { mode: logx::Mode::File, path, ..LogConf::default() }));
    for i in 0..1_000 {
        logx::info!("line {i}");
    }
    logx::must(Err::<(), _>("the port is taken"));
}

fn must_loses_no_line_in_file_mode() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program);
        child.env(TASK, "must in file mode").env(DIRECTORY, dir.path());
        assert_eq!(child.output().unwrap().status.code(), Some(1));
        let lines = |name| std::fs::read_to_string(dir.path().join(name)).unwrap().lines().count();
        assert_eq!((lines("access.log"), lines("severe.log")), (1_000, 1));
    }
}

fn run(task: &str, stdout: Stdio) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program).env(TASK, task).stdout(stdout).stderr(Stdio::piped()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn the_table_is_whole_lines_on_both_streams() {
    let want: usize = CASES.iter().map(|case| case.lines).sum();
    let out = run("json", Stdio::piped());
    assert!(out.status.success(), "{out:?}");
    let lines: Vec<&str> = text(&out.stdout).lines().chain(text(&out.stderr).lines()).collect();
    for line in &lines {
        check_line(line).unwrap();
    }
    assert_eq!(lines.len(), want);
    let out = run("plain", Stdio::piped());
    let lines = text(&out.stdout).split('\n').chain(text(&out.stderr).split('\n')).filter(|line| !line.is_empty());
    assert_eq!(
        lines.inspect(|line| assert!(line.starts_with("20") && line.contains('\t'), "{line:.300}")).count(),
        want
    );
}

fn kinds_go_to_their_streams() {
    let out = run("few", Stdio::piped());
    assert_eq!((text(&out.stdout).lines().count(), text(&out.stderr).lines().count()), (3, 1));
    assert_eq!(check_line(text(&out.stderr).trim_end()).unwrap()["level"], "error");
}

fn a_stdout_that_is_closed_full_or_broken_harms_nobody() {
    if cfg!(target_os = "linux") {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let out = run("few", full.into());
        assert_eq!(out.status.code(), Some(3), "each line is counted: {out:?}");
        let first = check_line(text(&out.stderr).lines().next().unwrap()).unwrap();
        assert_eq!(first["content"], "line 0", "the first line lost is shown on stderr");
        assert!(first["logx.write_error"].as_str().unwrap().contains("No space"));
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let out = run("few", writer.into());
    assert_eq!(out.status.code(), Some(3), "a broken pipe is counted and ends nothing: {out:?}");
    if cfg!(unix) {
        let program = std::env::current_exe().unwrap();
        let mut shell = Command::new("sh");
        let out = shell.args(["-c", "exec \"$0\" >&-"]).arg(program).env(TASK, "few").output().unwrap();
        assert!(out.status.code().is_some(), "a closed stdout ends nothing: {out:?}");
        assert!(text(&out.stderr).lines().all(|line| check_line(line).is_ok()), "{out:?}");
    }
}

fn must_flushes_and_exits_with_status_1() {
    let out = run("must", Stdio::piped());
    assert_eq!(out.status.code(), Some(1));
    let line = check_line(text(&out.stderr).trim_end()).unwrap();
    assert_eq!(line["level"], "fatal");
    assert!(line["content"].as_str().unwrap().starts_with("the port is taken\n"));
    assert!(!line.contains_key("caller"));
}
