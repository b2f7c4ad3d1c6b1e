//! The configuration of logging: go-zero's `LogConf`, under its YAML keys and with its defaults.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::SetUpError;
use crate::field::keys;
use crate::format::FieldKeys;
use crate::level::Level;

/// Where lines go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Info kinds to stdout, error kinds to stderr.
    #[default]
    Console,
    /// Five files under `Path`.
    File,
    /// Five files under `Path/ServiceName/hostname`, for volumes that several pods share.
    Volume,
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// One JSON object.
    #[default]
    Json,
    /// Tabs between timestamp, level, content and `key=value` items.
    Plain,
}

/// When a file is rotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// At the first line of another local day; and, beyond go-zero, by size as well when `MaxSize` is set.
    #[default]
    Daily,
    /// Before the file would grow beyond `MaxSize`.
    Size,
}

/// go-zero's logging configuration, as it stands in the `Log` block of a service's YAML.
///
/// | key | default | meaning |
/// |---|---|---|
/// | `ServiceName` | empty | the directory of volume mode |
/// | `Mode` | `console` | `console`, `file` or `volume` |
/// | `Encoding` | `json` | `json` or `plain` |
/// | `TimeFormat` | RFC 3339 with milliseconds | a Go layout, for `@timestamp` |
/// | `Path` | `logs` | directory of the log files |
/// | `Level` | `info` | `debug`, `info`, `warn`, `error`, `severe` or `off` |
/// | `MaxContentLength` | 0 | bytes of text content that are kept, cut on a character boundary; 0 keeps all |
/// | `Compress` | false | gzip rotated files |
/// | `Stat` | true | whether stat lines are printed |
/// | `KeepDays` | 0 | days that rotated files are kept; 0 keeps all |
/// | `StackCooldownMillis` | 100 | at most one stack line in so many milliseconds |
/// | `MaxBackups` | 0 | rotated files that are kept of each file; 0 keeps all |
/// | `MaxSize` | 0 | MiB that a file may grow to; 0 is no limit |
/// | `Rotation` | `daily` | `daily` or `size` |
/// | `FileTimeFormat` | RFC 3339 | a Go layout, for the names of files rotated by size |
/// | `FieldKeys` | go-zero's | `TimestampKey`, `LevelKey`, `CallerKey`, `ContentKey`, `DurationKey`, `TraceKey`, `SpanKey`, `TruncatedKey` |
///
/// Beyond go-zero: `MaskKeys` (keys whose values print as `***`, at any depth, in any case), `TotalSize` (MiB that the
/// rotated files of one log may take in all; 0 is no limit) and `Levels` (a level for a target and the modules below it).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogConf {
    /// The directory of volume mode; required there.
    pub service_name: String,
    /// Where lines go.
    pub mode: Mode,
    /// What a line looks like.
    pub encoding: Encoding,
    /// A Go layout for the timestamp; empty is RFC 3339 with milliseconds.
    pub time_format: String,
    /// The directory of the log files.
    pub path: PathBuf,
    /// The threshold.
    #[serde(with = "level_word")]
    pub level: Level,
    /// Bytes of text content that are kept; 0 keeps all.
    pub max_content_length: u32,
    /// Whether rotated files are compressed.
    pub compress: bool,
    /// Whether stat lines are printed.
    pub stat: bool,
    /// Days that rotated files are kept; 0 keeps all.
    pub keep_days: u32,
    /// At most one stack line in so many milliseconds; 0 prints all.
    pub stack_cooldown_millis: u32,
    /// Rotated files that are kept of each file; 0 keeps all.
    pub max_backups: u32,
    /// MiB that a file may grow to; 0 is no limit.
    pub max_size: u32,
    /// When a file is rotated.
    pub rotation: Rotation,
    /// A Go layout for the names of files rotated by size; empty is RFC 3339.
    pub file_time_format: String,
    /// The names of the keys that logx prints itself.
    pub field_keys: FieldKeys,
    /// Keys whose values are never shown.
    pub mask_keys: Vec<String>,
    /// MiB that the rotated files of one log may take in all; 0 is no limit.
    pub total_size: u32,
    /// Levels of targets and the modules below them.
    #[serde(with = "level_words")]
    pub levels: BTreeMap<String, Level>,
}

impl Default for LogConf {
    fn default() -> Self {
        Self {
            service_name: String::new(),
            mode: Mode::Console,
            encoding: Encoding::Json,
            time_format: String::new(),
            path: "logs".into(),
            level: Level::Info,
            max_content_length: 0,
            compress: false,
            stat: true,
            keep_days: 0,
            stack_cooldown_millis: 100,
            max_backups: 0,
            max_size: 0,
            rotation: Rotation::Daily,
            file_time_format: String::new(),
            field_keys: FieldKeys::default(),
            mask_keys: Vec::new(),
            total_size: 0,
            levels: BTreeMap::new(),
        }
    }
}

impl LogConf {
    /// Checks what the types do not.
    ///
    /// # Errors
    /// [`SetUpError::Invalid`] with the key, what was found and what is allowed.
    pub fn validate(&self) -> Result<(), SetUpError> {
        let invalid = |key, found: &str, allowed| Err(SetUpError::Invalid { key, found: found.to_owned(), allowed });
        if self.mode == Mode::Volume && self.service_name.is_empty() {
            return invalid("ServiceName", "", "a name, in volume mode");
        }
        if self.service_name.contains(['/', '\\']) {
            return invalid("ServiceName", &self.service_name, "a name without slashes");
        }
        if self.mode != Mode::Console && self.path.as_os_str().is_empty() {
            return invalid("Path", "", "a directory");
        }
        for (key, layout) in [("TimeFormat", &self.time_format), ("FileTimeFormat", &self.file_time_format)] {
            if layout.contains(|c: char| c.is_control() || matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}')) {
                return invalid(key, layout, "a Go layout without quotes, backslashes and control characters");
            }
        }
        let field_keys = self.field_keys.clone().or_default();
        if let Some(name) = field_keys.duplicate() {
            return invalid("FieldKeys", name, "a name of its own for each key");
        }
        if let Some(name) = field_keys.all().into_iter().find(|name| name.starts_with(keys::RENAMED_PREFIX)) {
            return invalid("FieldKeys", name, "a name that does not begin with `fields.`");
        }
        Ok(())
    }
}

mod level_word {
    use super::Level;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word.is_empty() { Ok(Level::Info) } else { word.parse().map_err(D::Error::custom) }
    }
}

mod level_words {
    use super::{BTreeMap, Level};
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Level>, D::Error> {
        let words = BTreeMap::<String, String>::deserialize(deserializer)?;
        words.into_iter().map(|(target, word)| Ok((target, word.parse().map_err(D::Error::custom)?))).collect()
    }
}

/// The YAML names of the keys; an empty name keeps the default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FieldKeysConf {
    timestamp_key: String,
    level_key: String,
    caller_key: String,
    content_key: String,
    duration_key: String,
    trace_key: String,
    span_key: String,
    truncated_key: String,
}

impl<'de> Deserialize<'de> for FieldKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let conf = FieldKeysConf::deserialize(deserializer)?;
        Ok(Self {
            timestamp: conf.timestamp_key.into(),
            level: conf.level_key.into(),
            caller: conf.caller_key.into(),
            content: conf.content_key.into(),
            duration: conf.duration_key.into(),
            trace: conf.trace_key.into(),
            span: conf.span_key.into(),
            truncated: conf.truncated_key.into(),
        }
        .or_default())
    }
}
