//! The repository as a reader finds it: no machine's paths, nothing unfinished, nothing outside of it referred to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// What no file may hold. The words are put together here so that this file does not hold them itself.
fn forbidden() -> Vec<String> {
    let words: [&[&str]; 11] = [
        &["/wo", "rk/"],
        &["/ro", "ot/"],
        &["/ho", "me/"],
        &["../", "shared"],
        &["/.lib", "rary"],
        &["TO", "DO"],
        &["FIX", "ME"],
        &["XX", "X:"],
        &["HA", "CK"],
        &["todo", "!("],
        &["unimplemented", "!("],
    ];
    words.iter().map(|parts| parts.concat()).collect()
}

const TEXT: &[&str] = &["rs", "toml", "md", "yaml", "yml", "json", "proto", "sql", "sh", "run", "conf", "txt"];
const SKIPPED: &[&str] = &["target", ".git", "data", "logs", "corpus", "artifacts"];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                files(&path, found);
            }
            continue;
        }
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let is_text = TEXT.contains(&extension.as_str()) || ["Makefile", "run"].contains(&name.as_str());
        if is_text {
            found.push(path);
        }
    }
}

#[test]
fn no_file_names_a_machine_or_leaves_work_undone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = Vec::new();
    files(root, &mut all);
    assert!(all.len() > 50, "only {} files found under {}", all.len(), root.display());
    let (words, mut wrong) = (forbidden(), Vec::new());
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{}:{}: {word:?}", path.strip_prefix(root).unwrap().display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_test_is_ignored() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = Vec::new();
    files(root, &mut all);
    let word = ["#[ig", "nore"].concat();
    let ignored: Vec<_> = all.iter().filter(|path| fs::read_to_string(path).unwrap().contains(&word)).collect();
    assert!(ignored.is_empty(), "{ignored:?}");
}
