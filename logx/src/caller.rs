//! Where a line was logged: go-zero's last directory, file and line.

use std::panic::Location;

use crate::encode::number::push_int;

/// The place of a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Caller<'a> {
    /// File and line, and the package where it is known.
    Place {
        /// The source file as the compiler names it.
        file: &'a str,
        /// The line, from 1.
        line: u32,
        /// The package, for files that stand in a bare `src`; may be empty.
        package: &'a str,
    },
    /// Text made elsewhere, for example by a bridge.
    Text(&'a str),
}

impl Caller<'_> {
    /// No place is known: prints as an empty text, as in go-zero.
    pub const UNKNOWN: Caller<'static> = Caller::Text("");

    /// `directory/file:line`; a `src` directory is replaced by that of its crate.
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Place { file, line, package } => {
                let (dir, name) = shorten(file, package);
                if !dir.is_empty() {
                    out.extend_from_slice(dir.as_bytes());
                    out.push(b'/');
                }
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                push_int(out, line);
            }
        }
    }

    /// The same as a JSON string.
    pub(crate) fn push_quoted(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(b'"');
        self.push(out);
        // Paths are plain text but for the oddest of file names.
        if !crate::encode::string::is_plain(&out[start + 1..]) {
            let text = self.to_text();
            out.truncate(start);
            return crate::encode::string::push_quoted(out, &text);
        }
        out.push(b'"');
    }

    /// The text of the place.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.push(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl<'a> From<&'a Location<'a>> for Caller<'a> {
    #[inline]
    fn from(at: &'a Location<'a>) -> Self {
        Caller::Place { file: at.file(), line: at.line(), package: "" }
    }
}

/// The directory to show and the file's name.
fn shorten<'a>(file: &'a str, package: &'a str) -> (&'a str, &'a str) {
    let mut parts = file.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or(file);
    match parts.next() {
        Some("src") => match parts.next() {
            Some(dir) if !dir.is_empty() && dir != "." && dir != ".." => (dir, name),
            _ if package.is_empty() => ("src", name),
            _ => (package, name),
        },
        Some(dir) => (dir, name),
        None => ("", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_read_as_in_go_zero_but_src_is_its_crate() {
        for (file, package, want) in [
            ("services/user-api/src/routes.rs", "user-api", "user-api/routes.rs:7"),
            ("services/user-api/src/http/routes.rs", "user-api", "http/routes.rs:7"),
            ("src/main.rs", "shop", "shop/main.rs:7"),
            ("src/main.rs", "", "src/main.rs:7"),
            ("main.rs", "shop", "main.rs:7"),
            ("C:\\shop\\src\\main.rs", "x", "shop/main.rs:7"),
        ] {
            assert_eq!(Caller::Place { file, line: 7, package }.to_text(), want);
        }
    }
}
