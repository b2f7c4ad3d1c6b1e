//! What a line looks like: key names, time layout, limits and masks; one immutable value, interned by content.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crate::encode::fast::Piece;
use crate::encode::layout::TimeLayout;
use crate::field::keys;

/// The names of the keys that logx prints itself; go-zero's `FieldKeys`.
///
/// An empty name keeps the default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldKeys {
    /// When the line was logged; default `@timestamp`.
    pub timestamp: Box<str>,
    /// The kind's word; default `level`.
    pub level: Box<str>,
    /// The call's place; default `caller`.
    pub caller: Box<str>,
    /// The message; default `content`.
    pub content: Box<str>,
    /// The duration; default `duration`.
    pub duration: Box<str>,
    /// The trace id; default `trace`.
    pub trace: Box<str>,
    /// The span id; default `span`.
    pub span: Box<str>,
    /// Whether the content was cut; default `truncated`.
    pub truncated: Box<str>,
}

impl Default for FieldKeys {
    fn default() -> Self {
        Self {
            timestamp: keys::TIMESTAMP.into(),
            level: keys::LEVEL.into(),
            caller: keys::CALLER.into(),
            content: keys::CONTENT.into(),
            duration: keys::DURATION.into(),
            trace: keys::TRACE.into(),
            span: keys::SPAN.into(),
            truncated: keys::TRUNCATED.into(),
        }
    }
}

impl FieldKeys {
    /// All names, in the order in which a line prints them.
    #[must_use]
    pub fn all(&self) -> [&str; 8] {
        [
            &self.timestamp,
            &self.level,
            &self.caller,
            &self.content,
            &self.duration,
            &self.trace,
            &self.span,
            &self.truncated,
        ]
    }

    /// The same with the default for each name that is empty.
    pub(crate) fn or_default(self) -> Self {
        let or = |name: Box<str>, default: &str| if name.is_empty() { default.into() } else { name };
        Self {
            timestamp: or(self.timestamp, keys::TIMESTAMP),
            level: or(self.level, keys::LEVEL),
            caller: or(self.caller, keys::CALLER),
            content: or(self.content, keys::CONTENT),
            duration: or(self.duration, keys::DURATION),
            trace: or(self.trace, keys::TRACE),
            span: or(self.span, keys::SPAN),
            truncated: or(self.truncated, keys::TRUNCATED),
        }
    }

    /// A name that occurs twice, if there is one: such a line would have a key twice.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        let all = self.all();
        all.iter().enumerate().find(|(i, name)| all[..*i].contains(name)).map(|(_, name)| *name)
    }
}

/// Keys whose values are never shown, compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct MaskKeys(Box<[Box<str>]>);

impl MaskKeys {
    /// No keys at all.
    pub(crate) fn none() -> &'static Self {
        static NONE: LazyLock<MaskKeys> = LazyLock::new(MaskKeys::default);
        &NONE
    }

    pub(crate) fn new(keys: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let mut keys: Vec<Box<str>> = keys.into_iter().map(Into::into).collect();
        keys.sort();
        keys.dedup();
        Self(keys.into())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(crate) fn covers(&self, key: &str) -> bool {
        !self.0.is_empty() && self.0.iter().any(|k| k.eq_ignore_ascii_case(key))
    }
}

/// What decides the bytes of a line, apart from the record itself.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) keys: FieldKeys,
    pub(crate) time: TimeLayout,
    /// Bytes of text content that are kept; `usize::MAX` keeps all.
    pub(crate) max_content: usize,
    pub(crate) masks: MaskKeys,
    /// Unique for the content of this value, from 1.
    pub(crate) id: u32,
    /// `{"@timestamp":"`, the beginning of every line.
    pub(crate) open: Piece,
    interned: OnceLock<InternedKeys>,
}

/// logx's own keys as adapters to other libraries want them.
#[derive(Debug)]
pub(crate) struct InternedKeys {
    /// Each unless no more keys are interned, in the order of [`FieldKeys::all`].
    pub(crate) keys: [Option<&'static str>; 8],
    /// None is missing.
    pub(crate) are_all: bool,
}

impl Format {
    /// A format as described, the same one for the same description.
    pub(crate) fn intern(keys: FieldKeys, time: TimeLayout, max_content: usize, masks: MaskKeys) -> Arc<Self> {
        // Bounded by the number of distinct configurations; encoded call-sites refer to formats by id for ever.
        static FORMATS: Mutex<Vec<Arc<Format>>> = Mutex::new(Vec::new());
        let mut formats = FORMATS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = formats
            .iter()
            .find(|f| f.keys == keys && f.time == time && f.max_content == max_content && f.masks == masks);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let id = formats.len() as u32 + 1;
        let mut open = vec![b'{'];
        crate::encode::string::push_quoted(&mut open, &keys.timestamp);
        open.extend_from_slice(b":\"");
        let open = Piece::new(&open);
        let format = Arc::new(Self { keys, time, max_content, masks, id, open, interned: OnceLock::new() });
        formats.push(Arc::clone(&format));
        format
    }

    /// go-zero's keys and timestamp, no limit, no masks.
    pub(crate) fn standard() -> &'static Arc<Self> {
        static STANDARD: OnceLock<Arc<Format>> = OnceLock::new();
        STANDARD.get_or_init(|| Self::intern(FieldKeys::default(), TimeLayout::Millis, usize::MAX, MaskKeys::default()))
    }

    /// logx's own keys, interned.
    #[inline]
    pub(crate) fn interned_keys(&self) -> &InternedKeys {
        self.interned.get_or_init(|| {
            let interned = |name: &str| crate::bridge::intern(crate::field::Key::Dyn(name));
            let known = |name: &str| keys::ALL.into_iter().find(|known| *known == name);
            let keys = self.keys.all().map(|name| known(name).or_else(|| interned(name)));
            InternedKeys { keys, are_all: keys.iter().all(Option::is_some) }
        })
    }

    /// Whether logx prints this key itself.
    pub(crate) fn is_builtin(&self, key: &str) -> bool {
        self.keys.all().contains(&key)
    }
}
