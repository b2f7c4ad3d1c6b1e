//! What many lines have in common: the names of logx's own keys, and the texts of places.

use std::cell::{Cell, RefCell};

use super::intern;
use crate::caller::Caller;
use crate::field::Key;
use crate::format::Format;

/// The names of logx's own keys, interned where that is possible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) timestamp: Key<'a>,
    pub(super) level: Key<'a>,
    pub(super) caller: Key<'a>,
    pub(super) content: Key<'a>,
    pub(super) duration: Key<'a>,
    pub(super) trace: Key<'a>,
    pub(super) span: Key<'a>,
    pub(super) truncated: Key<'a>,
}

/// A format's id, and its names.
type Known = (u32, Names<'static>);

thread_local! {
    /// Those of the format that the thread's lines had last.
    static KNOWN: Cell<Option<Known>> = const { Cell::new(None) };
}

impl<'a> Names<'a> {
    pub(super) fn of(format: &'a Format) -> Self {
        match KNOWN.try_with(Cell::get) {
            Ok(Some((id, names))) if id == format.id => names,
            _ => Self::find(format),
        }
    }

    #[cold]
    fn find(format: &'a Format) -> Self {
        let all = format.keys.all();
        let interned = all.map(|name| intern(Key::Dyn(name)).map(Key::Static));
        if let [
            Some(timestamp),
            Some(level),
            Some(caller),
            Some(content),
            Some(duration),
            Some(trace),
            Some(span),
            Some(truncated),
        ] = interned
        {
            let names = Names { timestamp, level, caller, content, duration, trace, span, truncated };
            let _ = KNOWN.try_with(|known| known.set(Some((format.id, names))));
            return names;
        }
        let mut keys = all.into_iter().zip(interned).map(|(name, interned)| interned.unwrap_or(Key::Dyn(name)));
        let mut next = || keys.next().unwrap_or(Key::Static(""));
        Self {
            timestamp: next(),
            level: next(),
            caller: next(),
            content: next(),
            duration: next(),
            trace: next(),
            span: next(),
            truncated: next(),
        }
    }
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

/// Appends a place's text. Cutting a path takes longer than finding it again.
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
