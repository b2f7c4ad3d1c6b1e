//! Following files that grow and are rotated.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::time::Duration;

use crate::cli::input::Lines;

/// How often the files are looked at.
pub(crate) const POLL: Duration = Duration::from_millis(100);

/// A file that is followed by its name.
#[derive(Debug)]
pub(crate) struct Followed {
    path: String,
    max_line: usize,
    current: Option<(Lines<File>, Identity)>,
}

/// Tells a file from another one under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(meta.dev(), meta.ino())
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        let created = meta.created().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        Self(created.map_or(0, |d| d.as_secs()), created.map_or(0, |d| u64::from(d.subsec_nanos())))
    }
}

/// What a file is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    /// Another file has the name now.
    Replaced,
    /// The same file was cut.
    Truncated,
}

impl Followed {
    /// Begins at the start of the file, which must be there.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(path: &str, max_line: usize) -> io::Result<Self> {
        let mut followed = Self { path: path.to_owned(), max_line, current: None };
        followed.reopen()?;
        Ok(followed)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let identity = Identity::of(&file.metadata()?);
        self.current = Some((Lines::new(file, self.max_line).keep_partial(), identity));
        Ok(())
    }

    /// Gives every complete line that is there now to `each`; goes on with the new file when the old one was rotated
    /// away. A file that has vanished is waited for.
    ///
    /// # Errors
    /// What reading gives, or `each`.
    pub(crate) fn poll(
        &mut self,
        each: &mut dyn FnMut(crate::cli::input::Line<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            // The change is looked for before the reading: what was written before the rotation is read after it.
            let change = self.change();
            if let Some((lines, _)) = &mut self.current {
                if change == Change::Replaced {
                    // Nobody will finish the last line of the old file.
                    drain(lines, each)?;
                    lines.release_partial();
                }
                if change != Change::Truncated {
                    drain(lines, each)?;
                }
            }
            if change == Change::None && self.current.is_some() {
                return Ok(());
            }
            match self.reopen() {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
    }

    fn change(&mut self) -> Change {
        let Some((lines, identity)) = &mut self.current else {
            return Change::None;
        };
        match std::fs::metadata(&self.path) {
            // Between rename and creation: the old file goes on until a new one is there.
            Err(_) => Change::None,
            Ok(meta) if Identity::of(&meta) != *identity => Change::Replaced,
            Ok(meta) if meta.len() < lines.source_mut().stream_position().unwrap_or(0) => Change::Truncated,
            Ok(_) => Change::None,
        }
    }
}

fn drain<R: Read>(
    lines: &mut Lines<R>,
    each: &mut dyn FnMut(crate::cli::input::Line<'_>) -> io::Result<()>,
) -> io::Result<()> {
    while let Some(line) = lines.next_line()? {
        each(line)?;
    }
    Ok(())
}
