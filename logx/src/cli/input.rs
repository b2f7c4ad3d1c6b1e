//! Input: files, standard input and gzip as lines, in blocks that are used again.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::scan::Utf8;

/// Default of the longest line that is looked at: 16 MiB.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// The argument that stands for standard input.
pub(crate) const STDIN: &str = "-";

const BLOCK: usize = 256 << 10;
const HEAD: usize = 256;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The name of an input as findings and messages show it.
pub(crate) fn display_name(path: &str) -> &str {
    if path == STDIN { "<stdin>" } else { path }
}

/// Opens a file or standard input; gzip is recognised by its first bytes, whatever the name.
///
/// # Errors
/// When the file cannot be opened, is a directory, or its first bytes cannot be read.
pub(crate) fn open(path: &str) -> io::Result<Box<dyn Read>> {
    if path == STDIN {
        return plain_or_gzip(io::stdin().lock());
    }
    plain_or_gzip(File::open(path)?)
}

/// Whether a file is compressed; false for what cannot be read.
pub(crate) fn is_gzip(path: &str) -> bool {
    let mut magic = [0; 2];
    Path::new(path).is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && magic == GZIP_MAGIC
}

/// The length in bytes of a plain file; `None` for anything else.
pub(crate) fn length(path: &str) -> Option<u64> {
    let meta = Path::new(path).metadata().ok()?;
    meta.is_file().then_some(meta.len())
}

fn plain_or_gzip<R: Read + 'static>(mut source: R) -> io::Result<Box<dyn Read>> {
    let mut magic = [0; 2];
    let mut got = 0;
    while got < magic.len() {
        match source.read(&mut magic[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let whole: Chain<_, R> = Cursor::new(magic[..got].to_vec()).chain(source);
    if magic[..got] == GZIP_MAGIC {
        return Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK / 4, whole))));
    }
    Ok(Box::new(whole))
}

/// One line of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line<'a> {
    /// A line that fits.
    Whole {
        /// Counted from 1.
        number: u64,
        /// Without its newline.
        bytes: &'a [u8],
        /// Whether the bytes are known to be UTF-8.
        utf8: Utf8,
        /// Whether a newline ended it: false only for the last line of an input.
        terminated: bool,
    },
    /// A line over the limit; it was skipped.
    TooLong {
        /// Counted from 1.
        number: u64,
        /// Its length in bytes.
        length: u64,
        /// Its first bytes.
        head: &'a [u8],
    },
}

impl Line<'_> {
    /// Its length in bytes, with its newline.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Whole { bytes, .. } => bytes.len() + 1,
            Self::TooLong { length, .. } => usize::try_from(*length).unwrap_or(usize::MAX),
        }
    }
}

/// Splits a reader into lines without allocating for each; holds at most about `max_line` bytes.
pub(crate) struct Lines<R> {
    source: R,
    buf: Vec<u8>,
    /// The unread part of `buf`.
    start: usize,
    end: usize,
    /// Up to here `buf` is known to be UTF-8.
    utf8_to: usize,
    max_line: usize,
    number: u64,
    bytes: u64,
    head: Vec<u8>,
    keep_partial: bool,
}

impl<R> std::fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("number", &self.number).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

enum Found {
    Line { len: usize, terminated: bool },
    TooLong,
    End,
}

impl<R: Read> Lines<R> {
    /// Lines of `source`, none longer than `max_line` bytes.
    pub(crate) fn new(source: R, max_line: usize) -> Self {
        Self {
            source,
            buf: vec![0; BLOCK],
            start: 0,
            end: 0,
            utf8_to: 0,
            max_line,
            number: 0,
            bytes: 0,
            head: Vec::new(),
            keep_partial: false,
        }
    }

    /// Keeps a last line that has no newline yet until it has one: the input is still being written.
    pub(crate) fn keep_partial(mut self) -> Self {
        self.keep_partial = true;
        self
    }

    /// Gives out the line that was kept, since nothing more will come.
    pub(crate) fn release_partial(&mut self) {
        self.keep_partial = false;
    }

    /// The reader behind the lines.
    pub(crate) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Bytes read so far, after decompression.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line, or `None` at the end. With [`Lines::keep_partial`] it may be asked again after the input grew.
    ///
    /// # Errors
    /// What reading the source gives.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let (len, terminated) = match self.find()? {
            Found::End => return Ok(None),
            Found::TooLong => return self.skip_too_long().map(Some),
            Found::Line { len, terminated } => (len, terminated),
        };
        self.number += 1;
        let from = self.start;
        self.start = from + len + usize::from(terminated);
        let utf8 = if from + len <= self.utf8_to { Utf8::Checked } else { Utf8::Unchecked };
        Ok(Some(Line::Whole { number: self.number, bytes: &self.buf[from..from + len], utf8, terminated }))
    }

    fn find(&mut self) -> io::Result<Found> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buf[self.start + searched..self.end]) {
                let len = searched + at;
                return Ok(if len > self.max_line { Found::TooLong } else { Found::Line { len, terminated: true } });
            }
            searched = self.end - self.start;
            if searched > self.max_line {
                return Ok(Found::TooLong);
            }
            if self.fill()? == 0 {
                let rest = !self.keep_partial && searched > 0;
                return Ok(if rest { Found::Line { len: searched, terminated: false } } else { Found::End });
            }
        }
    }

    /// Reads more behind the unread part, which is moved to the front; grows the buffer when a line does not fit.
    fn fill(&mut self) -> io::Result<usize> {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.utf8_to = self.utf8_to.saturating_sub(self.start);
        self.start = 0;
        if self.end == self.buf.len() {
            let room = (self.buf.len() * 2).min(self.max_line + BLOCK).max(self.end + BLOCK / 2);
            self.buf.resize(room, 0);
        }
        let got = read_some(&mut self.source, &mut self.buf[self.end..]).map_err(|e| after_line(self.number, e))?;
        self.bytes += got as u64;
        let fresh = self.end;
        self.end += got;
        if let Some(newline) = memchr::memrchr(b'\n', &self.buf[fresh..self.end]) {
            let complete = &self.buf[..fresh + newline];
            self.utf8_to = std::str::from_utf8(complete).map_or_else(|e| e.valid_up_to(), str::len);
        }
        Ok(got)
    }

    fn skip_too_long(&mut self) -> io::Result<Line<'_>> {
        self.number += 1;
        self.head.clear();
        let head_end = self.end.min(self.start + HEAD);
        self.head.extend_from_slice(&self.buf[self.start..head_end]);
        let mut length = 0u64;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buf[self.start..self.end]) {
                length += at as u64;
                self.start += at + 1;
                break;
            }
            length += (self.end - self.start) as u64;
            self.start = self.end;
            if self.fill()? == 0 {
                break;
            }
        }
        Ok(Line::TooLong { number: self.number, length, head: &self.head })
    }
}

/// Says how far the input could be read.
fn after_line(number: u64, error: io::Error) -> io::Error {
    if number == 0 { error } else { io::Error::new(error.kind(), format!("{error}, after line {number}")) }
}

fn read_some(source: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
