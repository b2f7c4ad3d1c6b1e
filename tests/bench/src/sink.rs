//! Where the lines go.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes the bytes and forgets them; the optimiser must assume that they are read.
#[derive(Clone, Copy, Default)]
pub struct Discard;

impl Write for Discard {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        black_box(buf);
        Ok(buf.len())
    }

    #[inline]
    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        black_box(buf);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the bytes, for the self-check.
#[derive(Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// What was written since the last call.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Capture {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file in append mode, so that truncating it between batches does not leave a hole.
#[derive(Clone)]
pub struct Appended(Arc<File>);

impl Appended {
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    pub fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    pub fn truncate(&self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

impl Write for Appended {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self.0).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink behind a lock, reached through a trait object, as a shared writer is.
pub trait LineWriter: Send + Sync {
    fn write_line(&self, line: &[u8]);
}

impl<W: Write + Send> LineWriter for Mutex<W> {
    #[inline]
    fn write_line(&self, line: &[u8]) {
        let mut sink = self.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that cannot be written is found by the check of its length.
        let _ = sink.write_all(line);
    }
}
