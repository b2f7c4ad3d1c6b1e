//! File and volume mode, one writer at a time: what is opened, what is kept, and a rotation that fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use logx::{LogConf, Mode, NativeWriter, Rotation, Writer};

/// All lines of all parts of a log.
fn lines(directory: &Path, stem: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with(stem) {
            all.extend(fs::read_to_string(&path).unwrap().lines().map(str::to_owned));
        }
    }
    all
}

#[test]
fn an_existing_file_is_appended_to_and_counts_towards_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    fs::write(&path, [vec![b'x'; (1 << 20) - 10], vec![b'\n']].concat()).unwrap();
    let conf = LogConf {
        mode: Mode::File,
        path: dir.path().to_owned(),
        rotation: Rotation::Size,
        max_size: 1,
        ..LogConf::default()
    };
    let writer = NativeWriter::from_conf(&conf).unwrap();
    logx::testing::with_record(logx::Kind::Info, "first", &[], |record| record.deliver(&writer).unwrap());
    writer.close(logx::CLOSE_DEADLINE).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1, "the old content is a part of its own");
    assert_eq!(lines(dir.path(), "access-").len(), 1);
    for name in ["access.log", "error.log", "severe.log", "slow.log", "stat.log"] {
        assert!(dir.path().join(name).exists(), "{name} is there from the start");
    }
    // A file of the day that is below its limit goes on.
    let writer = NativeWriter::from_conf(&conf).unwrap();
    logx::testing::with_record(logx::Kind::Info, "second", &[], |record| record.deliver(&writer).unwrap());
    writer.close(logx::CLOSE_DEADLINE).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    let late = logx::testing::with_record(logx::Kind::Info, "late", &[], |record| record.deliver(&writer));
    assert!(matches!(late, Err(logx::WriteError::Closed)), "a closed writer takes nothing more");
}

/// A name that no file system takes stands for any rotation that fails.
#[test]
fn a_rotation_that_fails_costs_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let conf = LogConf {
        mode: Mode::File,
        path: dir.path().to_owned(),
        rotation: Rotation::Size,
        max_size: 1,
        file_time_format: "x".repeat(300),
        ..LogConf::default()
    };
    let writer = NativeWriter::from_conf(&conf).unwrap();
    let text = "y".repeat(100_000);
    for _ in 0..30 {
        logx::testing::with_record(logx::Kind::Info, &text, &[], |record| record.deliver(&writer).unwrap());
    }
    writer.close(logx::CLOSE_DEADLINE).unwrap();
    assert_eq!(lines(dir.path(), "access").len(), 30);
}

#[test]
fn volume_mode_has_a_directory_for_the_service_and_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let conf =
        LogConf { mode: Mode::Volume, service_name: "shop".into(), path: dir.path().to_owned(), ..LogConf::default() };
    NativeWriter::from_conf(&conf).unwrap().close(logx::CLOSE_DEADLINE).unwrap();
    let hosts: Vec<_> = fs::read_dir(dir.path().join("shop")).unwrap().collect();
    assert_eq!(hosts.len(), 1);
    assert!(hosts[0].as_ref().unwrap().path().join("access.log").exists());
}

/// A child process does not inherit the files.
#[cfg(target_os = "linux")]
#[test]
fn log_files_are_closed_on_exec() {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let dir = tempfile::tempdir().unwrap();
    let conf = LogConf { mode: Mode::File, path: dir.path().to_owned(), ..LogConf::default() };
    let writer = NativeWriter::from_conf(&conf).unwrap();
    let mut files = 0;
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let path = entry.unwrap().path();
        if fs::read_link(&path).is_ok_and(|target| target.starts_with(dir.path())) {
            let info = fs::read_to_string(path.to_str().unwrap().replace("/fd/", "/fdinfo/")).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
            assert_ne!(u32::from_str_radix(flags, 8).unwrap() & CLOSE_ON_EXEC, 0);
            files += 1;
        }
    }
    assert_eq!(files, 5);
    drop(writer);
}
