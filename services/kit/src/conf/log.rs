use super::{Conf, ConfError, Reader};
use crate::logging::Backend;

/// The `Log` block: go-zero's keys and `Backend`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogBlock {
    /// Which writer; `None` takes the first one compiled in of slog, tracing, native.
    pub backend: Option<Backend>,
    /// Whether SQL statements are logged, each as one info line; default true. A slow or failed one is logged anyway.
    pub statements: bool,
    /// go-zero's keys, checked, under their own names: what logx deserializes.
    pub logx: serde_json::Map<String, serde_json::Value>,
}

impl LogBlock {
    /// The service's name, where the block does not say one.
    pub fn set_service_name(&mut self, name: &str) {
        let entry = self.logx.entry("ServiceName").or_insert_with(|| String::new().into());
        if entry.as_str().is_none_or(str::is_empty) {
            *entry = name.into();
        }
    }
}

const FIELD_KEYS: [(&str, &str); 8] = [
    ("CallerKey", "caller"),
    ("ContentKey", "content"),
    ("DurationKey", "duration"),
    ("LevelKey", "level"),
    ("SpanKey", "span"),
    ("TimestampKey", "@timestamp"),
    ("TraceKey", "trace"),
    ("TruncatedKey", "truncated"),
];

const LEVELS: &[&str] = &["debug", "info", "warn", "error", "severe", "off"];

const GO_RFC3339_MILLIS: &str = "2006-01-02T15:04:05.000Z07:00";
const GO_RFC3339: &str = "2006-01-02T15:04:05Z07:00";

impl Conf for LogBlock {
    fn read(r: &mut Reader<'_>) -> Result<Self, ConfError> {
        let mut logx = serde_json::Map::new();
        let mut put = |key: &str, value: serde_json::Value| {
            logx.insert(key.to_owned(), value);
        };
        let backend = if r.has("Backend") {
            Some(Backend::named(r.choice_or("Backend", Backend::NAMES, Backend::NAMES[0])?))
        } else {
            // Known, so that a slip such as `Backand` is recognized.
            r.without_effect("Backend", "");
            None
        };
        put("ServiceName", r.string_or("ServiceName", "")?.into());
        put("Mode", r.choice_or("Mode", &["console", "file", "volume"], "console")?.into());
        put("Encoding", r.choice_or("Encoding", &["json", "plain"], "json")?.into());
        put("TimeFormat", r.string_or("TimeFormat", GO_RFC3339_MILLIS)?.into());
        put("Path", r.string_or("Path", "logs")?.into());
        put("Level", r.choice_or("Level", LEVELS, "info")?.into());
        for (key, max) in [
            ("MaxContentLength", i64::from(u32::MAX)),
            ("KeepDays", i64::from(i32::MAX)),
            ("MaxBackups", i64::from(i32::MAX)),
            ("MaxSize", i64::from(i32::MAX)),
            ("TotalSize", i64::from(i32::MAX)),
        ] {
            put(key, r.int_or(key, 0..=max, 0)?.into());
        }
        put("Compress", r.bool_or("Compress", false)?.into());
        put("Stat", r.bool_or("Stat", true)?.into());
        let cooldown = r.int_or("StackCooldownMillis", 0..=86_400_000, 100)?;
        put("StackCooldownMillis", cooldown.into());
        put("Rotation", r.choice_or("Rotation", &["daily", "size"], "daily")?.into());
        put("FileTimeFormat", r.string_or("FileTimeFormat", GO_RFC3339)?.into());
        put("MaskKeys", r.strings("MaskKeys")?.into());
        put("Levels", target_levels(r)?.into());
        let keys = r.optional_block("FieldKeys", field_keys)?;
        if let Some(keys) = keys {
            put("FieldKeys", keys.into());
        }
        let statements = !r.bool_or("DisableStmtLog", false)?;
        Ok(Self { backend, statements, logx })
    }
}

/// The threshold of a target and the modules below it.
fn target_levels(r: &mut Reader<'_>) -> Result<serde_json::Map<String, serde_json::Value>, ConfError> {
    let mut levels = serde_json::Map::new();
    for (target, word) in r.map("Levels")? {
        if word.parse::<logx::Level>().is_err() {
            let key = format!("Levels.{target}");
            return Err(r.error(&key, format!("{word:?}"), LEVELS.join(", ")));
        }
        levels.insert(target, word.into());
    }
    Ok(levels)
}

fn field_keys(r: &mut Reader<'_>) -> Result<serde_json::Map<String, serde_json::Value>, ConfError> {
    let mut keys = serde_json::Map::new();
    for (key, default) in FIELD_KEYS {
        keys.insert(key.to_owned(), r.string_or(key, default)?.into());
    }
    Ok(keys)
}
