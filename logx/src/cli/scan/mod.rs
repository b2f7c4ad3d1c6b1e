//! A validating scanner: one pass over the bytes of a line, no allocation per line.
//!
//! It accepts exactly what `serde_json` accepts as an object (RFC 8259, paired surrogates, numbers that fit a double,
//! at most [`MAX_DEPTH`] levels) and besides that notices keys that occur twice in one object, at every depth. The
//! entries of the outermost object are located on the way, so that the checks after it need no parser.

mod defect;
mod keys;
mod number;
mod string;
#[cfg(test)]
mod tests;

pub(crate) use defect::{Defect, DefectKind};
use keys::KeyStack;
pub(crate) use string::unescape_into;

/// Levels of arrays and objects that a line may nest, the outermost object counted.
///
/// The same as `serde_json`'s own limit, so that no line that passes can overflow the stack of a recursive reader.
pub(crate) const MAX_DEPTH: usize = 127;

/// A range of bytes of the scanned line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes of `line` that the span covers.
    pub(crate) fn of(self, line: &[u8]) -> &[u8] {
        &line[self.start..self.end]
    }
}

/// JSON's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// a number
    Number,
    /// a string
    String,
    /// a list
    Array,
    /// an object
    Object,
}

impl Kind {
    /// JSON Schema's word for the type.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// The type of JSON Schema's word; `integer` counts as number.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "number" | "integer" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    fn of_first_byte(byte: u8) -> Self {
        match byte {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Boolean,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }
}

/// One key of the outermost object with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The key without its quotes, escapes as written.
    pub key: Span,
    /// The key contains a backslash.
    pub key_escaped: bool,
    /// The value, quotes and brackets included.
    pub value: Span,
    /// The value's type.
    pub kind: Kind,
}

/// Whether the caller has already made sure that the line is UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Utf8 {
    /// Known to be valid.
    Checked,
    /// To be checked by the scanner.
    Unchecked,
}

/// The scanner with its reused working memory.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    frames: Vec<bool>,
    keys: KeyStack,
    entries: Vec<Entry>,
    duplicate: Option<Defect>,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

enum Next {
    Value,
    Key,
    AfterValue,
}

impl Scanner {
    /// A scanner with empty working memory.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Scans one line without its newline.
    ///
    /// # Errors
    /// The first defect that keeps the line from being one JSON object. A key that occurs twice is no such defect: the
    /// line is scanned to its end and the first such key is kept in [`Scanner::duplicate`].
    pub(crate) fn scan(&mut self, line: &[u8], utf8: Utf8) -> Result<(), Defect> {
        self.frames.clear();
        self.keys.clear();
        self.entries.clear();
        self.duplicate = None;
        if utf8 == Utf8::Unchecked
            && let Err(e) = std::str::from_utf8(line)
        {
            return Err(Defect::new(e.valid_up_to(), DefectKind::InvalidUtf8));
        }
        let at = skip_space(line, 0);
        match line.get(at) {
            None => return Err(Defect::new(at, DefectKind::Empty)),
            Some(b'{') => {}
            Some(_) if line[at..].starts_with(BYTE_ORDER_MARK) => {
                return Err(Defect::new(at, DefectKind::ByteOrderMark));
            }
            Some(byte) => return Err(Defect::new(at, DefectKind::not_an_object(*byte))),
        }
        let end = self.document(line, at)?;
        let rest = skip_space(line, end);
        if rest < line.len() {
            return Err(Defect::new(rest, DefectKind::TrailingBytes));
        }
        Ok(())
    }

    /// The entries of the outermost object of the line scanned last, in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The first key that occurred a second time in its object, in the line scanned last.
    pub(crate) fn duplicate(&self) -> Option<Defect> {
        self.duplicate
    }

    fn document(&mut self, line: &[u8], mut at: usize) -> Result<usize, Defect> {
        let mut next = Next::Value;
        loop {
            (at, next) = match next {
                Next::Value => self.value(line, at)?,
                Next::Key => self.key(line, at)?,
                Next::AfterValue => {
                    if self.frames.len() == 1
                        && let Some(entry) = self.entries.last_mut()
                    {
                        entry.value.end = at;
                    }
                    if self.frames.is_empty() {
                        return Ok(at);
                    }
                    self.after_value(line, skip_space(line, at))?
                }
            };
        }
    }

    /// `at` is the first byte of a value.
    fn value(&mut self, line: &[u8], at: usize) -> Result<(usize, Next), Defect> {
        let Some(&byte) = line.get(at) else {
            return Err(Defect::cut(line));
        };
        if self.frames.len() == 1
            && let Some(entry) = self.entries.last_mut()
        {
            entry.value = Span { start: at, end: at };
            entry.kind = Kind::of_first_byte(byte);
        }
        match byte {
            b'"' => Ok((string::end(line, at + 1)?.0 + 1, Next::AfterValue)),
            b'{' => self.open_object(line, at),
            b'[' => self.open_array(line, at),
            b'-' | b'0'..=b'9' => Ok((number::end(line, at)?, Next::AfterValue)),
            b't' => word(line, at, b"true"),
            b'f' => word(line, at, b"false"),
            b'n' => word(line, at, b"null"),
            _ => Err(Defect::new(at, DefectKind::Expected("a value"))),
        }
    }

    fn open_object(&mut self, line: &[u8], at: usize) -> Result<(usize, Next), Defect> {
        self.open(at, true)?;
        self.keys.open();
        let at = skip_space(line, at + 1);
        match line.get(at) {
            Some(b'}') => Ok(self.close(line, at)),
            Some(_) => Ok((at, Next::Key)),
            None => Err(Defect::cut(line)),
        }
    }

    fn open_array(&mut self, line: &[u8], at: usize) -> Result<(usize, Next), Defect> {
        self.open(at, false)?;
        let at = skip_space(line, at + 1);
        match line.get(at) {
            Some(b']') => Ok(self.close(line, at)),
            Some(_) => Ok((at, Next::Value)),
            None => Err(Defect::cut(line)),
        }
    }

    fn open(&mut self, at: usize, object: bool) -> Result<(), Defect> {
        if self.frames.len() == MAX_DEPTH {
            return Err(Defect::new(at, DefectKind::TooDeep));
        }
        self.frames.push(object);
        Ok(())
    }

    fn close(&mut self, line: &[u8], at: usize) -> (usize, Next) {
        if self.frames.pop() == Some(true)
            && let Some(duplicate) = self.keys.close(line)
        {
            self.note_duplicate(duplicate);
        }
        (at + 1, Next::AfterValue)
    }

    /// `at` is where a key has to begin.
    fn key(&mut self, line: &[u8], at: usize) -> Result<(usize, Next), Defect> {
        match line.get(at) {
            Some(b'"') => {}
            Some(_) => return Err(Defect::new(at, DefectKind::Expected("a key in quotes"))),
            None => return Err(Defect::cut(line)),
        }
        let (end, escaped) = string::end(line, at + 1)?;
        let key = Span { start: at + 1, end };
        if let Some(duplicate) = self.keys.add(line, key, escaped) {
            self.note_duplicate(duplicate);
        }
        if self.frames.len() == 1 {
            self.entries.push(Entry { key, key_escaped: escaped, value: key, kind: Kind::Null });
        }
        let colon = skip_space(line, end + 1);
        match line.get(colon) {
            Some(b':') => Ok((skip_space(line, colon + 1), Next::Value)),
            Some(_) => Err(Defect::new(colon, DefectKind::Expected("':' after the key"))),
            None => Err(Defect::cut(line)),
        }
    }

    /// `at` is the first byte after a value inside an array or object, space skipped.
    fn after_value(&mut self, line: &[u8], at: usize) -> Result<(usize, Next), Defect> {
        let object = self.frames.last() == Some(&true);
        match line.get(at) {
            Some(b',') if object => Ok((skip_space(line, at + 1), Next::Key)),
            Some(b',') => Ok((skip_space(line, at + 1), Next::Value)),
            Some(b'}') if object => Ok(self.close(line, at)),
            Some(b']') if !object => Ok(self.close(line, at)),
            Some(_) if object => Err(Defect::new(at, DefectKind::Expected("',' or '}'"))),
            Some(_) => Err(Defect::new(at, DefectKind::Expected("',' or ']'"))),
            None => Err(Defect::cut(line)),
        }
    }

    fn note_duplicate(&mut self, key: Span) {
        let first = self.duplicate.is_none_or(|d| key.start < d.at);
        if first {
            self.duplicate = Some(Defect::new(key.start, DefectKind::DuplicateKey { end: key.end }));
        }
    }
}

fn word(line: &[u8], at: usize, word: &[u8]) -> Result<(usize, Next), Defect> {
    let rest = &line[at..];
    if rest.starts_with(word) {
        return Ok((at + word.len(), Next::AfterValue));
    }
    if word.starts_with(rest) {
        return Err(Defect::cut(line));
    }
    Err(Defect::new(at, DefectKind::Expected("a value")))
}

#[inline]
fn skip_space(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = line.get(at) {
        at += 1;
    }
    at
}
