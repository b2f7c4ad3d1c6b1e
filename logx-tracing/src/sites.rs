//! logx's call-sites for those of tracing: what a line says that never changes is encoded once.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use logx::{Kind, Site};
use tracing_core::Metadata;

use crate::MESSAGE_KEY;

/// At most so many are made: a program has few call-sites, but one that makes them at run time must not fill the memory.
const MAX_SITES: usize = 4_096;
/// Slots of a thread's own cache in front of the common table.
const CACHE_SLOTS: usize = 64;

/// A call-site of tracing by its address, and logx's for it.
type Known = (usize, Option<&'static Site>);

thread_local! {
    static KNOWN: [Cell<Known>; CACHE_SLOTS] = const { [const { Cell::new((0, None)) }; CACHE_SLOTS] };
}

/// logx's call-site for events of that kind; `None` for those that name no place, and when no more are made.
#[inline]
pub(crate) fn of(metadata: &'static Metadata<'static>, kind: Kind) -> Option<&'static Site> {
    let address = std::ptr::from_ref(metadata).addr();
    let slot = (address >> 4 ^ address >> 10) % CACHE_SLOTS;
    match KNOWN.try_with(|known| known[slot].get()) {
        Ok((known, site)) if known == address => site,
        _ => find(metadata, kind, slot),
    }
}

#[cold]
fn find(metadata: &'static Metadata<'static>, kind: Kind, slot: usize) -> Option<&'static Site> {
    static TABLE: Mutex<Option<HashMap<usize, &'static Site>>> = Mutex::new(None);
    let address = std::ptr::from_ref(metadata).addr();
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let sites = table.get_or_insert_default();
    let site = match sites.get(&address) {
        Some(site) => Some(*site),
        None if sites.len() >= MAX_SITES => None,
        None => make(metadata, kind).inspect(|site| {
            sites.insert(address, site);
        }),
    };
    drop(table);
    let _ = KNOWN.try_with(|known| known[slot].set((address, site)));
    site
}

fn make(metadata: &'static Metadata<'static>, kind: Kind) -> Option<&'static Site> {
    let (file, line) = metadata.file().zip(metadata.line())?;
    let keys = metadata.fields().iter().map(|field| field.name()).filter(|name| *name != MESSAGE_KEY);
    let keys: &'static [&'static str] = Box::leak(keys.collect());
    Some(Box::leak(Box::new(Site::new(kind, metadata.target(), file, line, "", keys))))
}
