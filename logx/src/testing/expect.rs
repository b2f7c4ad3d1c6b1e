//! What a test expects of the lines, and how it says what was there instead.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::level::Kind;
use crate::owned::OwnedValue;
use crate::record::OwnedRecord;

/// A line that a test expects: its kind, a part of its text, and fields.
#[derive(Clone, Debug)]
pub struct Expected {
    kind: Kind,
    text: String,
    fields: Vec<(String, Value)>,
}

impl Expected {
    /// A line of this kind whose text contains `text`.
    #[must_use]
    pub fn new(kind: Kind, text: &str) -> Self {
        Self { kind, text: text.to_owned(), fields: Vec::new() }
    }

    /// It has this field with this value, compared as they are printed: a duration is a text such as `1.5ms`. `duration`, `trace`,
    /// `span`, `caller` and `target` name what the record has besides its fields.
    #[must_use]
    pub fn field(mut self, key: &str, value: impl Serialize) -> Self {
        self.fields.push((key.to_owned(), OwnedValue::serde(&value).to_json()));
        self
    }

    /// Whether a record is such a line.
    #[must_use]
    pub fn matches(&self, record: &OwnedRecord) -> bool {
        self.differences(record).is_empty()
    }

    /// What a record has otherwise.
    fn differences(&self, record: &OwnedRecord) -> Vec<String> {
        let mut all = Vec::new();
        if record.kind != self.kind {
            all.push(format!("kind: expected {}, found {}", self.kind, record.kind));
        }
        let text = record.text();
        if !text.contains(&self.text) {
            all.push(format!("text: expected {:?}, found {text:?}", self.text));
        }
        for (key, expected) in &self.fields {
            match value_of(record, key) {
                Some(found) if found == *expected => {}
                Some(found) => all.push(format!("{key}: expected {expected}, found {found}")),
                None => all.push(format!("{key}: expected {expected}, found nothing")),
            }
        }
        all
    }

    /// That none of the records is such a line: what the nearest has otherwise, and what was logged.
    pub(super) fn missing(&self, records: &[OwnedRecord]) -> String {
        let mut message = format!("no line is {self}\n");
        let differences = records.iter().map(|record| (self.distance(record), record));
        if let Some((_, nearest)) = differences.min_by_key(|(distance, _)| *distance) {
            message += &format!("the nearest is\n{}", Listing(std::slice::from_ref(nearest)));
            for difference in self.differences(nearest) {
                message += &format!("    {difference}\n");
            }
        }
        message + &format!("logged were:\n{}", Listing(records))
    }

    /// How far a record is from it: a line is known by its text first, then by its kind, then by its fields.
    fn distance(&self, record: &OwnedRecord) -> (bool, bool, usize) {
        (!record.text().contains(&self.text), record.kind != self.kind, self.differences(record).len())
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.text.is_empty() {
            write!(f, " {:?}", self.text)?;
        }
        self.fields.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// A field as it is printed, or what else the record has under the name.
fn value_of(record: &OwnedRecord, key: &str) -> Option<Value> {
    if let Some(value) = record.field(key) {
        return Some(value.to_json());
    }
    match key {
        "duration" => record.duration.map(|nanos| OwnedValue::Duration(nanos).to_json()),
        "trace" => record.trace.as_deref().map(Value::from),
        "span" => record.span.as_deref().map(Value::from),
        "caller" => Some(Value::from(&*record.caller)),
        "target" => Some(Value::from(&*record.target)),
        _ => None,
    }
}

/// Fails unless one of the records is such a line.
#[doc(hidden)]
#[track_caller]
pub fn logged(records: &[OwnedRecord], expected: &Expected) {
    assert!(records.iter().any(|record| expected.matches(record)), "{}", expected.missing(records));
}

/// Fails if one of the records is such a line.
#[doc(hidden)]
#[track_caller]
pub fn not_logged(records: &[OwnedRecord], unwanted: &Expected) {
    if let Some(found) = records.iter().find(|record| unwanted.matches(record)) {
        let found = Listing(std::slice::from_ref(found));
        panic!("no line should be {unwanted}, but there is\n{found}logged were:\n{}", Listing(records));
    }
}

/// Fails unless the records are these lines in this order.
#[doc(hidden)]
#[track_caller]
pub fn all_logged(records: &[OwnedRecord], expected: &[Expected]) {
    let same = records.len() == expected.len() && expected.iter().zip(records).all(|(e, record)| e.matches(record));
    assert!(
        same,
        "the lines are not the expected ones (-: missing, +: not expected):\n{}",
        difference(records, expected)
    );
}

/// Both lists beside each other, matched so that as few lines as possible differ.
fn difference(records: &[OwnedRecord], expected: &[Expected]) -> String {
    // common[i][j]: how many lines of expected[i..] and records[j..] can be matched in order.
    let mut common = vec![vec![0usize; records.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..records.len()).rev() {
            let skip = common[i + 1][j].max(common[i][j + 1]);
            let take = common[i + 1][j + 1] + 1;
            common[i][j] = if expected[i].matches(&records[j]) { take } else { skip };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < expected.len() || j < records.len() {
        let both = i < expected.len() && j < records.len();
        if both && expected[i].matches(&records[j]) {
            out += &format!(" {}", Listing(&records[j..=j]));
            (i, j) = (i + 1, j + 1);
        } else if j == records.len() || (both && common[i + 1][j] >= common[i][j + 1]) {
            out += &format!("-  {}\n", expected[i]);
            i += 1;
        } else {
            out += &format!("+{}", Listing(&records[j..=j]));
            j += 1;
        }
    }
    out
}

/// Asserts that a line was logged: of this kind, with this text in its own, and with these fields.
///
/// ```
/// # use logx::Kind;
/// # let logs = logx::testing::collect();
/// # logx::info!(uid = 7, name = "ann"; "registered ann");
/// logx::assert_logged!(logs, Kind::Info, "registered");
/// logx::assert_logged!(logs, Kind::Info, "registered", uid = 7, name = "ann");
/// ```
///
/// Values are anything that serializes, compared as they are printed; see [`Expected::field`](crate::testing::Expected::field). The
/// message of a failure shows the nearest line, what it has otherwise, and everything that was logged.
#[macro_export]
macro_rules! assert_logged {
    ($logs:expr, $kind:expr, $text:expr $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::testing::logged(
            &$logs.records(),
            &$crate::testing::Expected::new($kind, $text)$(.field(::core::stringify!($key), &$value))*,
        )
    };
}

/// Asserts that no such line was logged: none of this kind, none of it with this text, or none with these fields as well.
///
/// ```
/// # use logx::Kind;
/// # let logs = logx::testing::collect();
/// # logx::info!(uid = 7; "registered ann");
/// logx::assert_not_logged!(logs, Kind::Error);
/// logx::assert_not_logged!(logs, Kind::Info, "refused");
/// logx::assert_not_logged!(logs, Kind::Info, "registered", uid = 8);
/// ```
#[macro_export]
macro_rules! assert_not_logged {
    ($logs:expr, $kind:expr $(,)?) => { $crate::assert_not_logged!($logs, $kind, "") };
    ($logs:expr, $kind:expr, $text:expr $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::testing::not_logged(
            &$logs.records(),
            &$crate::testing::Expected::new($kind, $text)$(.field(::core::stringify!($key), &$value))*,
        )
    };
}

/// Asserts that exactly these lines were logged, in this order.
///
/// ```
/// # use logx::Kind;
/// # let logs = logx::testing::collect();
/// # logx::info!(uid = 7; "registered ann");
/// # logx::error("refused");
/// logx::assert_all_logged!(logs, [(Kind::Info, "registered", uid = 7), (Kind::Error, "refused")]);
/// ```
///
/// The message of a failure shows which are missing and which were not expected.
#[macro_export]
macro_rules! assert_all_logged {
    ($logs:expr, [$(($kind:expr, $text:expr $(, $key:ident = $value:expr)* $(,)?)),* $(,)?]) => {
        $crate::testing::all_logged(
            &$logs.records(),
            &[$($crate::testing::Expected::new($kind, $text)$(.field(::core::stringify!($key), &$value))*),*],
        )
    };
}

/// Records as a readable list.
pub struct Listing<'a>(pub &'a [OwnedRecord]);

impl fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("  (nothing)");
        }
        for record in self.0 {
            write!(f, "  {} {} {:?}", record.kind, record.caller, record.text())?;
            for field in &record.fields {
                write!(f, " {}={}", field.key, field.value.to_json())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
