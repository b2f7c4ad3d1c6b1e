//! One log file: opened for append, rotated, reopened when somebody moved it, its old parts compressed and cleared away.
//!
//! **Naming** see [`rotate`](super::rotate). **When it rotates**: before the first line of another local day, before it
//! would outgrow its limit, and at start when the content is of an earlier day. **Durability**: lines are with the
//! operating system when `write_batch` returns; the file is synced when it is closed or rotated. **When it fails**: a
//! failed rotation goes on in the same file and is tried again with the next batch; a failed write keeps its lines.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::background::write_all_counting;
use super::compress::Compressor;
use super::rotate::{Part, Rules};
use super::worker::Failed;

/// An open log file and its rules.
#[derive(Debug)]
pub(crate) struct LogFile {
    directory: PathBuf,
    rules: Rules,
    file: File,
    size: u64,
    /// When the part was begun.
    begun: SystemTime,
    compressor: Compressor,
}

impl LogFile {
    /// Opens or creates the file, mode 0666 less the umask; rotates it when its content is of an earlier day.
    pub(crate) fn open(directory: &Path, rules: Rules, now: SystemTime) -> io::Result<Self> {
        let (file, size, begun) = open(&directory.join(&rules.name), now)?;
        let compressor = Compressor::new(directory.to_owned(), rules.clone());
        let mut log = Self { directory: directory.to_owned(), rules, file, size, begun, compressor };
        if log.size > 0 && log.rules.day_is_over(log.begun, now) {
            log.rotate(now)?;
        }
        log.compressor.start();
        Ok(log)
    }

    /// Writes whole lines, in as many parts as the rules ask for.
    pub(crate) fn write_batch(&mut self, lines: &[u8], now: SystemTime) -> Result<(), Failed> {
        let mut written = 0;
        let failed = |written, error| Failed { written, error };
        self.reopen_if_moved(now).map_err(|error| failed(0, error))?;
        if self.size > 0 && self.rules.day_is_over(self.begun, now) {
            self.rotate_or_go_on(now);
        }
        while let Some(rest) = lines.get(written..).filter(|rest| !rest.is_empty()) {
            let mut room = self.rules.room(self.size, rest);
            if room == 0 {
                // Where the old part cannot be put away, lines are worth more than the limit.
                let rotated = self.rotate_or_go_on(now);
                room = if rotated { self.rules.room(self.size, rest) } else { rest.len() };
            }
            let part = rest.get(..room).unwrap_or(rest);
            let result = write_all_counting(&mut self.file, part);
            let done = result.as_ref().map_or_else(|f| f.written, |()| part.len());
            self.size += done as u64;
            written += done;
            result.map_err(|f| failed(written, f.error))?;
        }
        Ok(())
    }

    /// Forces everything to disk and waits for compression under way.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.compressor.wait();
        self.file.sync_all()
    }

    fn rotate_or_go_on(&mut self, now: SystemTime) -> bool {
        match self.rotate(now) {
            Ok(()) => true,
            Err(error) => {
                super::stderr::failed_output(&error);
                false
            }
        }
    }

    fn rotate(&mut self, now: SystemTime) -> io::Result<()> {
        let path = self.directory.join(&self.rules.name);
        let part = self.rules.part_name(self.begun, |name| self.directory.join(name).exists());
        // Parts are on disk before they get their name; a disk that cannot sync does not stop the log.
        let _ = self.file.sync_all();
        put_away(&path, &self.directory.join(part))?;
        (self.file, self.size, self.begun) = open(&path, now)?;
        self.begun = now;
        self.clear_away(now);
        self.compressor.start();
        Ok(())
    }

    /// Opens the file anew when it is no longer the one of that name: moved, removed or replaced by others.
    fn reopen_if_moved(&mut self, now: SystemTime) -> io::Result<()> {
        let path = self.directory.join(&self.rules.name);
        let same = match (fs::metadata(&path), self.file.metadata()) {
            (Ok(named), Ok(own)) => {
                // Somebody may have emptied it as well.
                self.size = own.len();
                is_same(&named, &own)
            }
            _ => false,
        };
        if !same {
            fs::create_dir_all(&self.directory)?;
            (self.file, self.size, self.begun) = open(&path, now)?;
        }
        Ok(())
    }

    fn clear_away(&self, now: SystemTime) {
        for name in self.rules.outdated(parts(&self.directory, &self.rules), now) {
            // Whoever was faster has done it.
            let _ = fs::remove_file(self.directory.join(name));
        }
    }
}

/// Gives a file a new name without ever replacing another file.
fn put_away(path: &Path, part: &Path) -> io::Result<()> {
    match fs::hard_link(path, part) {
        // A rename would replace a file that came in between; a link does not.
        Ok(()) => fs::remove_file(path).inspect_err(|_| {
            let _ = fs::remove_file(part);
        }),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        // A file system that knows no links.
        Err(_) => fs::rename(path, part),
    }
}

/// The old parts of a log that lie in a directory.
pub(crate) fn parts(directory: &Path, rules: &Rules) -> Vec<Part> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let part = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| rules.is_part(name))?;
        let meta = entry.metadata().ok()?;
        Some(Part { name, size: meta.len(), modified: meta.modified().ok()? })
    };
    entries.flatten().filter_map(part).collect()
}

/// The file, its size, and when its content was begun.
fn open(path: &Path, now: SystemTime) -> io::Result<(File, u64, SystemTime)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let meta = file.metadata()?;
    let begun = if meta.len() == 0 { now } else { meta.created().or_else(|_| meta.modified()).unwrap_or(now) };
    Ok((file, meta.len(), begun))
}

#[cfg(unix)]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Where files have no identity to compare, only a missing file is opened anew.
#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::LogConf;
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);

    fn rules() -> Rules {
        Rules::new("access.log", &LogConf::default())
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_is_filed_under_the_day_on_which_it_was_begun_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let today = rules().part_name(now, |_| false);
        let mut file = LogFile::open(dir.path(), rules(), now).unwrap();
        file.write_batch(b"today\n", now).unwrap();
        drop(file);
        let mut file = LogFile::open(dir.path(), rules(), now + 2 * DAY).unwrap();
        file.write_batch(b"later\n", now + 2 * DAY).unwrap();
        assert_eq!(names(dir.path()), ["access.log", &today]);
        assert_eq!(fs::read_to_string(dir.path().join(&today)).unwrap(), "today\n");
        file.write_batch(b"later still\n", now + 3 * DAY).unwrap();
        let later = rules().part_name(now + 2 * DAY, |_| false);
        assert_eq!(names(dir.path()), ["access.log", &today, &later]);
    }

    #[test]
    fn a_second_part_of_one_day_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let mut file = LogFile::open(dir.path(), rules(), now).unwrap();
        for text in ["first\n", "second\n", "third\n"] {
            file.write_batch(text.as_bytes(), now).unwrap();
            file.rotate(now).unwrap();
        }
        let today = rules().part_name(now, |_| false);
        let parts = [today.clone(), format!("{today}_001"), format!("{today}_002")];
        for (part, text) in parts.iter().zip(["first\n", "second\n", "third\n"]) {
            assert_eq!(fs::read_to_string(dir.path().join(part)).unwrap(), text);
        }
    }
}
