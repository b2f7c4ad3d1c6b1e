//! The table through one writer, checked case by case.

use super::{AFTER, BEFORE, CASES, Case, check_line};
use crate::conf::Encoding;

/// Runs every case through the process's writer; `take` gives what came out since the last time.
///
/// # Panics
/// When a line is not whole, a value's neighbours are not untouched, a bad value is not counted (or a good one is), or
/// a line after the case is disturbed.
pub fn check_table(encoding: Encoding, take: &mut dyn FnMut() -> String) {
    for case in CASES {
        check_case(case, encoding, take);
    }
}

/// As [`check_table`], for one case.
///
/// # Panics
/// As [`check_table`].
pub fn check_case(case: &Case, encoding: Encoding, take: &mut dyn FnMut() -> String) {
    let before = crate::health();
    (case.run)();
    let text = flushed(take);
    let after = crate::health();
    let counted = after.panics + after.bad_values > before.panics + before.bad_values;
    assert_eq!(counted, case.counted, "{case:?}: bad values are counted, others are not");
    assert_eq!(after.write_errors, before.write_errors, "{case:?}: the writer failed");
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or("no newline").split('\n').collect();
    assert_eq!(lines.len(), case.lines, "{case:?}: {text:.500}");
    for line in lines {
        match encoding {
            Encoding::Json => check_json(case, line),
            Encoding::Plain => check_plain(case, line),
        }
    }
    crate::logger().infow("later", &[crate::field("case", case.name)]);
    let later = flushed(take);
    assert!(later.contains(case.name) && later.trim_end().lines().count() == 1, "after {case:?}: {later:.300}");
}

fn flushed(take: &mut dyn FnMut() -> String) -> String {
    let flushed = crate::flush();
    assert!(flushed.is_ok(), "{flushed:?}");
    take()
}

fn check_json(case: &Case, line: &str) {
    let object = check_line(line);
    let Ok(object) = object else { panic!("{case:?}: {object:?}") };
    for key in ["@timestamp", "level", "content"] {
        assert!(object.contains_key(key), "{case:?}: no {key}: {line:.300}");
    }
    assert!(!line.contains("RAW-SECRET"), "{case:?}: {line:.300}");
    if case.siblings {
        let both = (object.get(BEFORE), object.get(AFTER));
        assert_eq!(both, (Some(&1.into()), Some(&2.into())), "{case:?}: {line:.300}");
    }
}

fn check_plain(case: &Case, line: &str) {
    assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{case:?}: {line:.300}");
    assert!(!line.contains(['\u{2028}', '\u{2029}']) && !line.contains("RAW-SECRET"), "{case:?}: {line:.300}");
    let items: Vec<&str> = line.split('\t').collect();
    assert!(
        [" info ", " fatal ", " error "].contains(&items.get(1).copied().unwrap_or_default()),
        "{case:?}: {line:.300}"
    );
    if case.siblings {
        assert!(items.contains(&"before=1") && items.contains(&"after=2"), "{case:?}: {line:.300}");
    }
}
