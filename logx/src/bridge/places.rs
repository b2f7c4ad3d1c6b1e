//! The texts of places: cutting a path takes longer than finding it again.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::caller::Caller;
use crate::site::Site;

/// Slots of a thread's own cache in front of the table of call-sites.
const CACHE_SLOTS: usize = 64;

thread_local! {
    /// Call-sites by their addresses.
    static OF_SITES: [Cell<(usize, &'static str)>; CACHE_SLOTS] = const { [const { Cell::new((0, "")) }; CACHE_SLOTS] };
}

/// The text of a call-site's place. It lives for ever, as the call-site does.
#[inline]
pub(super) fn of_site(site: &'static Site) -> &'static str {
    let address = std::ptr::from_ref(site).addr();
    let slot = (address >> 4 ^ address >> 10) % CACHE_SLOTS;
    match OF_SITES.try_with(|texts| texts[slot].get()) {
        Ok((known, text)) if known == address => text,
        _ => find(site, address, slot),
    }
}

#[cold]
fn find(site: &'static Site, address: usize, slot: usize) -> &'static str {
    static TABLE: Mutex<Option<HashMap<usize, &'static str>>> = Mutex::new(None);
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || -> &'static str { Box::leak(site.caller().to_text().into_boxed_str()) };
    let text = *table.get_or_insert_default().entry(address).or_insert_with(make);
    drop(table);
    let _ = OF_SITES.try_with(|texts| texts[slot].set((address, text)));
    text
}

/// Places whose texts a thread remembers.
const PLACES: usize = 64;

/// A place and its text.
struct Place {
    file: Box<str>,
    package: Box<str>,
    line: u32,
    text: Box<str>,
}

thread_local! {
    static TEXTS: RefCell<[Option<Place>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// Appends a place's text.
#[inline]
pub(super) fn push_caller(out: &mut String, caller: Caller<'_>) {
    match caller {
        Caller::Text(text) => out.push_str(text),
        Caller::Place { file, line, package } => push_place(out, file, line, package),
    }
}

fn push_place(out: &mut String, file: &str, line: u32, package: &str) {
    let slot = (line as usize ^ file.len() << 2) % PLACES;
    let known = TEXTS.try_with(|texts| {
        let texts = texts.try_borrow().ok()?;
        let place = texts[slot].as_ref()?;
        (place.line == line && *place.file == *file && *place.package == *package).then(|| out.push_str(&place.text))
    });
    if known.ok().flatten().is_some() {
        return;
    }
    let text = Caller::Place { file, line, package }.to_text();
    out.push_str(&text);
    let place = Place { file: file.into(), package: package.into(), line, text: text.into() };
    let _ = TEXTS.try_with(|texts| texts.try_borrow_mut().map(|mut texts| texts[slot] = Some(place)));
}
