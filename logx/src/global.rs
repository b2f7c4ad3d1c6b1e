//! The process's logging state: one immutable snapshot, replaced as a whole.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::fields::FieldList;
use crate::format::Format;
use crate::level::{Kind, Level};
use crate::owned::OwnedField;
use crate::writer::{Writer, combo};

/// What a line sees of the configuration; a line sees one of these throughout.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) writer: Slot,
    pub(crate) globals: FieldList,
    pub(crate) format: Arc<Format>,
}

/// Whether there is a writer.
#[derive(Clone)]
pub(crate) enum Slot {
    /// None yet: the next line makes a console writer, as in go-zero.
    Unset,
    /// This one.
    Set(Arc<dyn Writer>),
    /// Closed: lines go to stderr and are counted.
    Closed,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unset => "Unset",
            Self::Set(_) => "Set",
            Self::Closed => "Closed",
        })
    }
}

/// The snapshot. Taken only when the generation shows that a thread's own copy is old.
static STATE: Mutex<Option<Arc<State>>> = Mutex::new(None);
/// Grows with every new snapshot.
static GENERATION: AtomicU64 = AtomicU64::new(1);
/// The lowest level that any target lets through: what every call reads first.
static GATE: AtomicU8 = AtomicU8::new(Level::Debug as u8);
/// The level for targets without one of their own.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Debug as u8);
static STAT: AtomicBool = AtomicBool::new(true);
static HAS_TARGETS: AtomicBool = AtomicBool::new(false);
static TARGET_GENERATION: AtomicU64 = AtomicU64::new(1);
static TARGETS: Mutex<Vec<(Box<str>, Level)>> = Mutex::new(Vec::new());

#[inline]
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// The present snapshot.
pub(crate) fn load() -> Arc<State> {
    Arc::clone(STATE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(initial))
}

fn initial() -> Arc<State> {
    Arc::new(State { writer: Slot::Unset, globals: FieldList::default(), format: Arc::clone(Format::standard()) })
}

/// Replaces the snapshot by what `change` makes of it; gives what `change` gives.
fn update<R>(change: impl FnOnce(&State) -> (State, R)) -> R {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let old = Arc::clone(state.get_or_insert_with(initial));
    let (new, result) = change(&old);
    *state = Some(Arc::new(new));
    GENERATION.fetch_add(1, Ordering::Release);
    drop(state);
    // The old writer may run code of its own when it goes: not under the lock, and no panic of it reaches anybody.
    let _ = crate::encode::guard::writer(|| drop(old));
    result
}

fn with_writer(old: &State, writer: Slot) -> State {
    State { writer, globals: old.globals.clone(), format: Arc::clone(&old.format) }
}

/// Puts `slot` in the writer's place and gives the writer that was there.
pub(crate) fn replace_writer(slot: Slot) -> Option<Arc<dyn Writer>> {
    let old = update(|old| (with_writer(old, slot), old.writer.clone()));
    match old {
        Slot::Set(writer) => Some(writer),
        Slot::Unset | Slot::Closed => None,
    }
}

/// The initial state: no writer, no fields, go-zero's keys, every line printed.
pub(crate) fn reset_all() -> Option<Arc<dyn Writer>> {
    let mut targets = TARGETS.lock().unwrap_or_else(PoisonError::into_inner);
    targets.clear();
    LEVEL.store(Level::Debug as u8, Ordering::Relaxed);
    STAT.store(true, Ordering::Relaxed);
    publish(&targets);
    drop(targets);
    let fresh = State { writer: Slot::Unset, globals: FieldList::default(), format: Arc::clone(Format::standard()) };
    match update(|old| (fresh, old.writer.clone())) {
        Slot::Set(writer) => Some(writer),
        Slot::Unset | Slot::Closed => None,
    }
}

/// Adds a writer behind those that are there, in one step.
pub(crate) fn add_writer(writer: Arc<dyn Writer>) {
    update(|old| {
        let slot = match &old.writer {
            Slot::Set(first) => Slot::Set(combo::join(Arc::clone(first), writer)),
            Slot::Unset | Slot::Closed => Slot::Set(writer),
        };
        (with_writer(old, slot), ())
    });
}

/// Sets a console writer if there is none; whichever thread comes first.
pub(crate) fn install_default_writer() {
    update(|old| {
        let slot = match &old.writer {
            Slot::Unset => Slot::Set(Arc::new(crate::writer::native::NativeWriter::console())),
            other => other.clone(),
        };
        (with_writer(old, slot), ())
    });
}

pub(crate) fn set_format(format: Arc<Format>) {
    update(|old| (State { writer: old.writer.clone(), globals: old.globals.clone(), format }, ()));
}

pub(crate) fn add_globals(fields: Vec<OwnedField>) {
    update(|old| {
        let globals = old.globals.with(fields);
        (State { writer: old.writer.clone(), globals, format: Arc::clone(&old.format) }, ())
    });
}

/// The format in force.
pub(crate) fn with_format<R>(use_it: impl FnOnce(&Format) -> R) -> R {
    let format = Arc::clone(&load().format);
    use_it(&format)
}

/// Whether any target may let a line of this kind through: one relaxed load.
#[inline(always)]
pub(crate) fn passes_gate(kind: Kind) -> bool {
    kind.threshold() >= GATE.load(Ordering::Relaxed)
}

#[inline(always)]
pub(crate) fn has_target_levels() -> bool {
    HAS_TARGETS.load(Ordering::Relaxed)
}

pub(crate) fn target_generation() -> u64 {
    TARGET_GENERATION.load(Ordering::Acquire)
}

/// Whether a line of this kind and target passes.
pub(crate) fn target_passes(target: &str, kind: Kind) -> bool {
    if level() == Level::Off {
        return false;
    }
    let targets = TARGETS.lock().unwrap_or_else(PoisonError::into_inner);
    let rule = targets.iter().filter(|(prefix, _)| covers(prefix, target)).max_by_key(|(prefix, _)| prefix.len());
    kind.passes(rule.map_or_else(level, |(_, level)| *level))
}

/// A target's level holds for the modules below it: `sqlx` covers `sqlx::query`.
fn covers(prefix: &str, target: &str) -> bool {
    target.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

pub(crate) fn enabled(kind: Kind, target: &str) -> bool {
    passes_gate(kind) && (!has_target_levels() || target_passes(target, kind))
}

#[inline]
pub(crate) fn stat_is_off() -> bool {
    !STAT.load(Ordering::Relaxed)
}

pub(crate) fn set_stat(on: bool) {
    STAT.store(on, Ordering::Relaxed);
}

pub(crate) fn level() -> Level {
    Level::from_number(LEVEL.load(Ordering::Relaxed))
}

pub(crate) fn set_level(level: Level) {
    let targets = TARGETS.lock().unwrap_or_else(PoisonError::into_inner);
    LEVEL.store(level as u8, Ordering::Relaxed);
    publish(&targets);
}

/// Sets the level of a target and the modules below it, or takes it back.
pub(crate) fn set_target_level(target: &str, level: Option<Level>) {
    let mut targets = TARGETS.lock().unwrap_or_else(PoisonError::into_inner);
    targets.retain(|(name, _)| &**name != target);
    if let Some(level) = level {
        targets.push((target.into(), level));
    }
    publish(&targets);
}

/// Makes gate and generation follow the levels. Called with the targets locked, so that changes do not interleave.
fn publish(targets: &[(Box<str>, Level)]) {
    let own = level();
    let lowest = targets.iter().map(|(_, level)| *level).chain([own]).min().unwrap_or(own);
    GATE.store(if own == Level::Off { Level::Off } else { lowest } as u8, Ordering::Relaxed);
    HAS_TARGETS.store(!targets.is_empty(), Ordering::Relaxed);
    TARGET_GENERATION.fetch_add(1, Ordering::Release);
}
