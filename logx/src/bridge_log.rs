//! The `log` crate -> logx: records of libraries that log through `log`, with their key-values.

use log::kv::{self, VisitSource, VisitValue};
use log::{LevelFilter, Metadata, Record, SetLoggerError};

use crate::caller::Caller;
use crate::conf::LogConf;
use crate::encode::guard;
use crate::event::Event;
use crate::level::{Kind, Level};
use crate::owned::{OwnedField, OwnedValue};
use crate::value::Value;

/// Brings the records of the `log` crate into logx: those at warning and above, and below that what
/// [`LogBridge::with_target_level`] lets through.
///
/// Target, place and key-values are kept; trace becomes debug. A record that a writer of logx causes by its own doing is
/// cut off, so that lines cannot go round in a circle.
///
/// # Errors
/// When the process has a logger of the `log` crate already.
pub fn init_log_bridge() -> Result<(), SetLoggerError> {
    LogBridge::new().init()
}

/// How records of the `log` crate come into logx.
#[derive(Debug)]
pub struct LogBridge {
    threshold: LevelFilter,
    targets: Vec<(Box<str>, LevelFilter)>,
}

impl Default for LogBridge {
    fn default() -> Self {
        Self::new()
    }
}

impl LogBridge {
    /// For records at warning and above.
    #[must_use]
    pub const fn new() -> Self {
        Self { threshold: LevelFilter::Warn, targets: Vec::new() }
    }

    /// For records at warning and above, with the levels that a configuration's `Levels` gives to targets.
    #[must_use]
    pub fn from_conf(conf: &LogConf) -> Self {
        conf.levels
            .iter()
            .fold(Self::new(), |bridge, (target, level)| bridge.with_target_level(target, filter_of(*level)))
    }

    /// The same, for records at `level` and above.
    #[must_use]
    pub const fn with_level(mut self, level: LevelFilter) -> Self {
        self.threshold = level;
        self
    }

    /// The same, with a level for a target and the modules below it; the longest match holds.
    #[must_use]
    pub fn with_target_level(mut self, target: &str, level: LevelFilter) -> Self {
        self.targets.retain(|(name, _)| &**name != target);
        self.targets.push((target.into(), level));
        self.targets.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        self
    }

    /// Makes this the process's logger of the `log` crate, and sets that crate's own maximum.
    ///
    /// # Errors
    /// When there is one already.
    pub fn init(self) -> Result<(), SetLoggerError> {
        let highest = self.targets.iter().map(|(_, level)| *level).fold(self.threshold, Ord::max);
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(highest);
        Ok(())
    }

    fn passes(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let covers =
            |name: &str| target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let own = self.targets.iter().find(|(name, _)| covers(name));
        metadata.level() <= own.map_or(self.threshold, |(_, level)| *level)
    }
}

/// The filter for a level of logx's; libraries have nothing worse than an error.
const fn filter_of(level: Level) -> LevelFilter {
    match level {
        Level::Debug => LevelFilter::Debug,
        Level::Info => LevelFilter::Info,
        Level::Warn => LevelFilter::Warn,
        Level::Error => LevelFilter::Error,
        Level::Severe | Level::Off => LevelFilter::Off,
    }
}

const fn kind_of(level: log::Level) -> Kind {
    match level {
        log::Level::Error => Kind::Error,
        log::Level::Warn => Kind::Warn,
        log::Level::Info => Kind::Info,
        log::Level::Debug | log::Level::Trace => Kind::Debug,
    }
}

impl log::Log for LogBridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.passes(metadata) && crate::enabled(kind_of(metadata.level()), metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if crate::bridge::in_writer() {
            // logx -> a writer -> log -> logx would go round in a circle.
            return crate::bridge::cut_off();
        }
        let mut values = Values(Vec::new());
        if let Err(mark) = guard::run(|| record.key_values().visit(&mut values)) {
            values.0.push(OwnedField::new("log", OwnedValue::text(mark)));
        }
        let fields: Vec<_> = values.0.iter().map(OwnedField::as_field).collect();
        let caller = match (record.file(), record.line()) {
            (Some(file), Some(line)) => Caller::Place { file, line, package: "" },
            _ => Caller::UNKNOWN,
        };
        let content = record.args().as_str().map_or(Value::Fmt(*record.args()), Value::Str);
        Event::new(kind_of(record.level()), content).fields(&fields).caller(caller).target(record.target()).log();
    }

    fn flush(&self) {
        // A record's own way back has no place for an error; a later flush of logx's reports it again.
        let _ = crate::flush();
    }
}

/// Takes key-values with their types.
struct Values(Vec<OwnedField>);

impl<'kvs> VisitSource<'kvs> for Values {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let mut typed = Typed(OwnedValue::Null);
        value.visit(&mut typed)?;
        self.0.push(OwnedField::new(key.as_str(), typed.0));
        Ok(())
    }
}

struct Typed(OwnedValue);

impl<'v> VisitValue<'v> for Typed {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.0 = OwnedValue::from_value(Value::Display(&value));
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.0 = OwnedValue::U64(value);
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.0 = OwnedValue::I64(value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.0 = OwnedValue::F64(value);
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.0 = OwnedValue::Bool(value);
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        self.0 = OwnedValue::text(value);
        Ok(())
    }

    fn visit_error(&mut self, error: &(dyn std::error::Error + 'static)) -> Result<(), kv::Error> {
        self.0 = OwnedValue::from_value(Value::Error(error));
        Ok(())
    }
}
