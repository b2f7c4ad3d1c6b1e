//! What passes: a level, and levels of targets.

use tracing_core::{LevelFilter, Metadata};

/// A level for all, and others for targets and the modules below them.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    threshold: LevelFilter,
    /// The longest name first, so that the first match is the closest.
    targets: Vec<(Box<str>, LevelFilter)>,
}

impl Levels {
    pub(crate) const fn new(threshold: LevelFilter) -> Self {
        Self { threshold, targets: Vec::new() }
    }

    pub(crate) fn set_threshold(&mut self, level: LevelFilter) {
        self.threshold = level;
    }

    pub(crate) fn set_target(&mut self, target: &str, level: LevelFilter) {
        self.targets.retain(|(name, _)| &**name != target);
        self.targets.push((target.into(), level));
        self.targets.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    pub(crate) fn passes(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let covers =
            |name: &str| target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let own = self.targets.iter().find(|(name, _)| covers(name));
        *metadata.level() <= own.map_or(self.threshold, |(_, level)| *level)
    }

    /// The one that lets most through.
    pub(crate) fn highest(&self) -> LevelFilter {
        self.targets.iter().map(|(_, level)| *level).fold(self.threshold, Ord::max)
    }
}

/// The filter for a level of logx's; libraries have nothing worse than an error.
pub(crate) const fn of_conf(level: logx::Level) -> LevelFilter {
    match level {
        logx::Level::Debug => LevelFilter::DEBUG,
        logx::Level::Info => LevelFilter::INFO,
        logx::Level::Warn => LevelFilter::WARN,
        logx::Level::Error => LevelFilter::ERROR,
        logx::Level::Severe | logx::Level::Off => LevelFilter::OFF,
    }
}
