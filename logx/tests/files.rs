//! File mode through the public API, one process: nothing lost by rotation, every file holds its kinds.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use logx::{LogConf, Mode, NativeWriter, Rotation, Writer};

/// All lines of all parts of a log, decompressed.
fn lines(directory: &Path, stem: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with(stem) {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let mut text = String::new();
        if name.ends_with(".gz") {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes).unwrap();
        }
        all.extend(text.lines().map(str::to_owned));
    }
    all
}

#[test]
fn many_rotations_within_one_second_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let conf = LogConf {
        mode: Mode::File,
        path: dir.path().join("deep/logs"),
        rotation: Rotation::Size,
        max_size: 1,
        compress: true,
        ..LogConf::default()
    };
    logx::must(logx::set_up(&conf));
    assert!(logx::set_up(&conf).is_err(), "a second set-up is an error");
    let threads: Vec<_> = (0..4)
        .map(|t| {
            std::thread::spawn(move || {
                let padding = "x".repeat(300);
                for i in 0..4_000 {
                    logx::info!(t, i, padding; "line");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    logx::error!("one error");
    logx::slow!("one slow call");
    logx::stat!("one figure");
    logx::severe!("one severe");
    logx::alert!("one alert");
    logx::close().unwrap();
    logx::info!("after the close");

    let dir = conf.path.as_path();
    let access = lines(dir, "access");
    let mut seen: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    let mut others = 0;
    for line in &access {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        match (line["t"].as_i64(), line["i"].as_i64()) {
            (Some(t), Some(i)) => *seen.entry((t, i)).or_default() += 1,
            _ => others += 1,
        }
    }
    assert_eq!(seen.len(), 16_000);
    assert!(seen.values().all(|n| *n == 1));
    let compressed =
        fs::read_dir(dir).unwrap().filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "gz"));
    assert!(compressed.count() >= 5, "about 6 MB in parts of 1 MB");
    assert!(others > 0, "compression says what it does");
    assert_eq!(lines(dir, "error").len(), 2, "error and alert");
    assert_eq!((lines(dir, "slow").len(), lines(dir, "stat").len(), lines(dir, "severe").len()), (1, 1, 1));
    let health = logx::health();
    assert_eq!((health.dropped, health.write_errors), (0, 0));
    assert!(health.after_close >= 1);
}

#[test]
fn a_file_that_somebody_moved_or_removed_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let conf = LogConf { mode: Mode::File, path: dir.path().to_owned(), ..LogConf::default() };
    let writer = NativeWriter::from_conf(&conf).unwrap();
    let say = |text: &str| {
        logx::testing::with_record(logx::Kind::Info, text, &[], |record| record.deliver(&writer).unwrap());
        writer.flush().unwrap();
    };
    say("first");
    fs::rename(dir.path().join("access.log"), dir.path().join("moved")).unwrap();
    say("second");
    fs::remove_file(dir.path().join("access.log")).unwrap();
    say("third");
    assert_eq!(fs::read_to_string(dir.path().join("moved")).unwrap().lines().count(), 1);
    assert!(fs::read_to_string(dir.path().join("access.log")).unwrap().contains("third"));
}
