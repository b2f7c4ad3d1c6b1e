//! What can be wrong with a line, in words for people.

use std::fmt;

/// A defect and the byte of the line where it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    /// Offset in bytes from the start of the line.
    pub at: usize,
    /// What is wrong.
    pub kind: DefectKind,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefectKind {
    /// Nothing but space.
    Empty,
    /// A JSON value, but not an object.
    NotAnObject(&'static str),
    /// Bytes that begin no JSON value.
    NotJson(u8),
    /// The byte order mark of some editors; a log has none.
    ByteOrderMark,
    /// Something else was expected here.
    Expected(&'static str),
    /// The line ends inside the object.
    Cut,
    /// Bytes after the object.
    TrailingBytes,
    /// Not UTF-8.
    InvalidUtf8,
    /// A control character inside a string.
    ControlCharacter(u8),
    /// A backslash with something that JSON does not know.
    BadEscape,
    /// `\uD800` to `\uDFFF` without its other half.
    LoneSurrogate,
    /// Not a number by JSON's grammar.
    BadNumber,
    /// A number too large for a double.
    NumberOutOfRange,
    /// More levels than [`super::MAX_DEPTH`].
    TooDeep,
    /// A key for the second time in its object; the field is the end of the key.
    DuplicateKey {
        /// One past the key's last byte.
        end: usize,
    },
}

impl Defect {
    pub(super) fn new(at: usize, kind: DefectKind) -> Self {
        Self { at, kind }
    }

    pub(super) fn cut(line: &[u8]) -> Self {
        Self { at: line.len(), kind: DefectKind::Cut }
    }

    /// The column, counted in bytes from 1.
    pub(crate) fn column(&self) -> usize {
        self.at + 1
    }
}

impl DefectKind {
    pub(super) fn not_an_object(byte: u8) -> Self {
        match byte {
            b'[' => Self::NotAnObject("an array"),
            b'"' => Self::NotAnObject("a string"),
            b'-' | b'0'..=b'9' => Self::NotAnObject("a number"),
            b't' | b'f' | b'n' => Self::NotAnObject("a word"),
            other => Self::NotJson(other),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DefectKind::Empty => return f.write_str("empty line"),
            DefectKind::NotAnObject(what) => write!(f, "{what} instead of a JSON object")?,
            DefectKind::NotJson(byte) if byte.is_ascii_graphic() => {
                write!(f, "not JSON: '{}'", char::from(byte))?;
            }
            DefectKind::NotJson(byte) => write!(f, "not JSON: byte 0x{byte:02x}")?,
            DefectKind::ByteOrderMark => write!(f, "not JSON: a byte order mark")?,
            DefectKind::Expected(what) => write!(f, "not JSON: expected {what}")?,
            DefectKind::Cut => write!(f, "the line ends inside the object")?,
            DefectKind::TrailingBytes => write!(f, "bytes after the object")?,
            DefectKind::InvalidUtf8 => write!(f, "not UTF-8")?,
            DefectKind::ControlCharacter(byte) => {
                write!(f, "not JSON: control character 0x{byte:02x} in a string")?;
            }
            DefectKind::BadEscape => write!(f, "not JSON: unknown escape in a string")?,
            DefectKind::LoneSurrogate => write!(f, "lone surrogate in a string")?,
            DefectKind::BadNumber => write!(f, "not JSON: bad number")?,
            DefectKind::NumberOutOfRange => write!(f, "number too large for a double")?,
            DefectKind::TooDeep => write!(f, "nested deeper than {} levels", super::MAX_DEPTH)?,
            DefectKind::DuplicateKey { .. } => write!(f, "key occurs twice in one object")?,
        }
        write!(f, ", column {}", self.column())
    }
}

impl std::error::Error for Defect {}
