//! `COMPATIBILITY.md` is complete, and every test that it names exists.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

/// go-zero's behaviours are numbered from 1.
const NUMBERS: u32 = 74;

#[test]
fn every_number_is_there_once_with_a_verdict_and_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("COMPATIBILITY.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(number) = cells.first().and_then(|cell| cell.parse::<u32>().ok()) else { continue };
        let [_, theirs, ours, test] = cells[..] else { panic!("four columns: {line}") };
        assert!(!theirs.is_empty());
        assert!(["kept", "fixed", "not applicable"].iter().any(|verdict| ours.starts_with(verdict)), "{line}");
        let (file, name) = test.trim_matches('`').split_once("::").unwrap_or_else(|| panic!("no test: {line}"));
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let at = source.find(&format!("fn {name}()")).unwrap_or_else(|| panic!("{number}: {file} has no {name}"));
        let attributes = source[..at].rsplit("\n\n").next().unwrap();
        let called_by_main = source.contains("fn main()") && source.contains(&format!("    {name}();"));
        assert!(attributes.contains("#[test]") || called_by_main, "{number}: {name} is no test");
        assert!(rows.insert(number, name.to_owned()).is_none(), "{number} comes twice");
    }
    let missing: Vec<u32> = (1..=NUMBERS).filter(|n| !rows.contains_key(n)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    assert_eq!(rows.len() as u32, NUMBERS);
}
