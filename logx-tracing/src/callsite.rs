//! tracing wants call-sites that live for ever: made once for each place, kind and set of keys, bounded in number.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use logx::{Caller, Key, Kind, Record};
use tracing_core::field::FieldSet;
use tracing_core::{Callsite, Interest, Level, Metadata, identify_callsite};

/// At most so many call-sites are made of run-time places and keys; further lines share one for each kind.
const MAX_CALLSITES: usize = 4_096;

/// A call-site of ours.
pub(crate) struct Site {
    metadata: OnceLock<Metadata<'static>>,
    keys: &'static [&'static str],
    file: &'static str,
    line: u32,
    target: &'static str,
    kind: Kind,
    always: AtomicBool,
}

impl Callsite for Site {
    fn set_interest(&self, interest: Interest) {
        self.always.store(interest.is_always(), Ordering::SeqCst);
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get_or_init(|| unreachable!("set before the call-site is given to anybody"))
    }
}

impl Site {
    /// tracing's description of the events.
    pub(crate) fn metadata(&'static self) -> &'static Metadata<'static> {
        self.metadata.get_or_init(|| unreachable!("set before the call-site is given to anybody"))
    }

    pub(crate) fn is_always(&self) -> bool {
        self.always.load(Ordering::Relaxed)
    }

    fn matches(&self, place: &Place<'_>, keys: &[&'static str]) -> bool {
        self.kind == place.kind
            && self.line == place.line
            && self.file == place.file
            && self.target == place.target
            && self.keys.len() == keys.len()
            && self.keys.iter().zip(keys).all(|(a, b)| std::ptr::eq(*a, *b) || a == b)
    }
}

/// Where a line comes from.
pub(crate) struct Place<'a> {
    kind: Kind,
    file: &'a str,
    line: u32,
    target: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(record: &'a Record<'a>) -> Self {
        let (file, line) = match record.caller() {
            Caller::Place { file, line, .. } => (file, line),
            _ => ("", 0),
        };
        Self { kind: record.kind(), file, line, target: record.target() }
    }

    /// The place that lines share for which no call-site of their own is made.
    fn nowhere(&self) -> Place<'static> {
        Place { kind: self.kind, file: "", line: 0, target: "logx" }
    }

    fn hash(&self, keys: &[&str]) -> u64 {
        let mut hash = Fold(u64::from(self.line) << 8 | self.kind as u64);
        hash.write_usize(self.file.len() << 32 | self.target.len());
        for key in keys {
            // Most keys stand at a fixed address; two addresses of one key only make two entries.
            hash.write_usize(key.as_ptr() as usize);
            hash.write_usize(key.len());
        }
        hash.finish()
    }
}

/// tracing's level for a kind.
pub(crate) const fn level_of(kind: Kind) -> Level {
    match kind {
        Kind::Severe | Kind::Alert | Kind::Error | Kind::Stack => Level::ERROR,
        Kind::Slow | Kind::Warn => Level::WARN,
        Kind::Stat | Kind::Info => Level::INFO,
        Kind::Debug => Level::DEBUG,
    }
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Debug => "logx:debug",
        Kind::Info => "logx:info",
        Kind::Warn => "logx:warn",
        Kind::Error => "logx:error",
        Kind::Slow => "logx:slow",
        Kind::Stat => "logx:stat",
        Kind::Severe => "logx:severe",
        Kind::Alert => "logx:alert",
        Kind::Stack => "logx:stack",
    }
}

/// The kind of an event that comes from logx.
pub(crate) fn kind_of(metadata: &Metadata<'_>) -> Option<Kind> {
    let name = metadata.name().strip_prefix(crate::NAME_PREFIX)?;
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

thread_local! {
    static KNOWN: RefCell<HashMap<u64, &'static Site, BuildHasherDefault<Fold>>> = RefCell::default();
}

/// The call-site of a place and its keys; `None` when no more are made.
pub(crate) fn find(place: &Place<'_>, keys: &[&'static str]) -> Option<&'static Site> {
    let hash = place.hash(keys);
    let known = KNOWN.try_with(|known| known.try_borrow().ok().and_then(|known| known.get(&hash).copied()));
    if let Some(site) = known.ok().flatten().filter(|site| site.matches(place, keys)) {
        return Some(site);
    }
    let site = find_in_table(place, keys)?;
    let _ = KNOWN.try_with(|known| known.try_borrow_mut().map(|mut known| known.insert(hash, site)));
    Some(site)
}

/// The call-site for lines of a kind that get none of their own.
pub(crate) fn find_shared(place: &Place<'_>, keys: &[&'static str]) -> &'static Site {
    let place = place.nowhere();
    let mut table = table();
    // One for each kind and set of logx's own keys: these few do not count against the bound.
    table.find(&place, keys).unwrap_or_else(|| table.make(&place, keys, place.file, place.target))
}

#[cold]
fn find_in_table(place: &Place<'_>, keys: &[&'static str]) -> Option<&'static Site> {
    let mut table = table();
    if let Some(site) = table.find(place, keys) {
        return Some(site);
    }
    if table.count >= MAX_CALLSITES {
        return None;
    }
    let file = logx::bridge::intern(Key::Dyn(place.file))?;
    let target = logx::bridge::intern(Key::Dyn(place.target))?;
    table.count += 1;
    Some(table.make(place, keys, file, target))
}

/// The call-sites of the process, by what their keys say; the thread's cache goes by addresses.
#[derive(Default)]
struct Table {
    sites: HashMap<(u8, u32, String), Vec<&'static Site>>,
    /// Those that count against the bound.
    count: usize,
}

fn table() -> MutexGuard<'static, Table> {
    static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn list(&mut self, place: &Place<'_>) -> &mut Vec<&'static Site> {
        self.sites.entry((place.kind as u8, place.line, place.file.to_owned())).or_default()
    }

    fn find(&mut self, place: &Place<'_>, keys: &[&'static str]) -> Option<&'static Site> {
        self.list(place).iter().copied().find(|site| site.matches(place, keys))
    }

    fn make(
        &mut self,
        place: &Place<'_>,
        keys: &[&'static str],
        file: &'static str,
        target: &'static str,
    ) -> &'static Site {
        let site = make(place, keys, file, target);
        self.list(place).push(site);
        site
    }
}

fn make(place: &Place<'_>, keys: &[&'static str], file: &'static str, target: &'static str) -> &'static Site {
    let keys: &'static [&'static str] = Box::leak(keys.into());
    let site: &'static Site = Box::leak(Box::new(Site {
        metadata: OnceLock::new(),
        keys,
        file,
        line: place.line,
        target,
        kind: place.kind,
        always: AtomicBool::new(false),
    }));
    let known = (!file.is_empty()).then_some(file);
    let line = known.map(|_| place.line);
    site.metadata.get_or_init(|| {
        let fields = FieldSet::new(keys, identify_callsite!(site));
        let kind = tracing_core::metadata::Kind::EVENT;
        Metadata::new(name_of(place.kind), target, level_of(place.kind), known, line, Some(target), fields, kind)
    });
    tracing_core::callsite::register(site);
    site
}

/// A hash of a few words that only this process makes.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}
