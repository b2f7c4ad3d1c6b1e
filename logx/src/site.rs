//! A macro's call-site: what is known of a line before it is logged, worked out once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::caller::Caller;
use crate::encode::fast::Piece;
use crate::encode::string::push_quoted;
use crate::format::Format;
use crate::global;
use crate::level::Kind;
use crate::memo::Memo;

/// A static of each macro call. Made by the macros only.
#[derive(Debug)]
pub struct Site {
    pub(crate) kind: Kind,
    pub(crate) target: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) package: &'static str,
    pub(crate) keys: &'static [&'static str],
    shapes: Memo<Shape>,
    /// The generation of the target levels for which the verdict was made, times two, plus the verdict.
    verdict: AtomicU64,
}

impl Site {
    /// A call-site.
    #[must_use]
    pub const fn new(
        kind: Kind,
        target: &'static str,
        file: &'static str,
        line: u32,
        package: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self { kind, target, file, line, package, keys, shapes: Memo::new(), verdict: AtomicU64::new(0) }
    }

    /// What the line says of itself.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The module path, or what `target:` said.
    #[must_use]
    pub const fn target(&self) -> &'static str {
        self.target
    }

    /// The source file as the compiler names it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The keys of the call's fields.
    #[must_use]
    pub const fn keys(&self) -> &'static [&'static str] {
        self.keys
    }

    /// Whether a line of this site passes now. With no levels of targets it is one relaxed load.
    #[inline(always)]
    #[must_use]
    pub fn enabled(&'static self) -> bool {
        global::passes_gate(self.kind) && self.passes_target()
    }

    /// The macros' second question, after the gate.
    #[doc(hidden)]
    #[inline(always)]
    #[must_use]
    pub fn passes_target(&'static self) -> bool {
        !global::has_target_levels() || self.enabled_for_target()
    }

    #[cold]
    fn enabled_for_target(&self) -> bool {
        let generation = global::target_generation();
        let known = self.verdict.load(Ordering::Relaxed);
        if known >> 1 == generation {
            return known & 1 == 1;
        }
        let verdict = global::target_passes(self.target, self.kind);
        self.verdict.store(generation << 1 | u64::from(verdict), Ordering::Relaxed);
        verdict
    }

    pub(crate) fn caller(&self) -> Caller<'static> {
        Caller::Place { file: self.file, line: self.line, package: self.package }
    }

    /// The site's bytes under a format.
    #[inline]
    pub(crate) fn shape(&self, format: &Format) -> &Shape {
        self.shapes.get(format.id, || Shape::new(self, format))
    }
}

/// What a site prints under one format.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The kind for which `head` was made.
    pub(crate) kind: Kind,
    /// From the end of the timestamp to the beginning of the content.
    pub(crate) head: Box<[u8]>,
    /// `,"key":` of each field.
    pub(crate) keys: Box<[Piece]>,
    /// `head` and the message behind it, for a message that is a literal.
    literal: OnceLock<(&'static str, Box<[u8]>)>,
    /// Of each key, to find equal keys in other sources.
    pub(crate) sigs: Box<[u32]>,
    /// Which keys are masked; empty when none is.
    pub(crate) masked: Box<[bool]>,
    /// No key comes twice or is one of logx's own.
    pub(crate) simple: bool,
}

impl Shape {
    fn new(site: &Site, format: &Format) -> Self {
        let mut head = Vec::new();
        push_head(&mut head, format, site.kind, site.caller());
        let masked: Vec<bool> = site.keys.iter().map(|k| format.masks.covers(k)).collect();
        let unique = site.keys.iter().enumerate().all(|(i, key)| !site.keys[..i].contains(key));
        Self {
            kind: site.kind,
            head: head.into(),
            keys: site.keys.iter().map(|key| key_piece(key)).collect(),
            literal: OnceLock::new(),
            sigs: site.keys.iter().map(|k| signature(k)).collect(),
            masked: if masked.contains(&true) { masked.into() } else { Box::default() },
            simple: unique && !site.keys.iter().any(|k| format.is_builtin(k)),
        }
    }

    /// `head` with a literal message behind it. The first literal stays: a site has one.
    #[inline]
    pub(crate) fn head_with(&self, message: &'static str) -> Option<&[u8]> {
        let (known, bytes) = self.literal.get_or_init(|| {
            let mut bytes = self.head.to_vec();
            push_quoted(&mut bytes, message);
            (message, bytes.into())
        });
        std::ptr::eq(*known, message).then_some(bytes)
    }
}

/// `,"key":`
fn key_piece(key: &str) -> Piece {
    let mut bytes = Vec::new();
    push_key(&mut bytes, key);
    Piece::new(&bytes)
}

/// `","level":"info","caller":"a/b.rs:1","content":`, from the timestamp's closing quote to the content.
pub(crate) fn push_head(out: &mut Vec<u8>, format: &Format, kind: Kind, caller: Caller<'_>) {
    out.push(b'"');
    push_key(out, &format.keys.level);
    push_quoted(out, kind.word());
    if kind.has_caller() {
        push_key(out, &format.keys.caller);
        caller.push_quoted(out);
    }
    push_key(out, &format.keys.content);
}

/// `,"key":`
pub(crate) fn push_key(out: &mut Vec<u8>, key: &str) {
    out.push(b',');
    push_quoted(out, key);
    out.push(b':');
}

/// A short number of a key: equal keys have equal ones; different keys seldom do.
#[inline]
pub(crate) fn signature(key: &str) -> u32 {
    key.bytes().fold(0x811c_9dc5, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
}
