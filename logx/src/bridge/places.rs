//! The texts of places: cutting a path takes longer than finding it again.

use std::cell::RefCell;

use crate::caller::Caller;

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
