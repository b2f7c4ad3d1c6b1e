//! Old parts are compressed in the background, one after another, never twice and never half.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::file::parts;
use super::rotate::{GZ, Rules};

/// A part that is being compressed has this behind its future name.
const UNFINISHED: &str = ".gz.tmp";

/// Compresses what lies uncompressed, also what a former run left.
#[derive(Debug)]
pub(crate) struct Compressor {
    directory: PathBuf,
    rules: Rules,
    running: Option<JoinHandle<()>>,
}

impl Compressor {
    pub(crate) fn new(directory: PathBuf, rules: Rules) -> Self {
        Self { directory, rules, running: None }
    }

    /// Compresses every old part that is not yet, on a thread of its own; after the one that may still run.
    pub(crate) fn start(&mut self) {
        if !self.rules.compress {
            return;
        }
        let (directory, rules) = (self.directory.clone(), self.rules.clone());
        let before = self.running.take();
        let work = move || {
            if let Some(before) = before {
                let _ = before.join();
            }
            for part in parts(&directory, &rules) {
                if !part.name.ends_with(GZ) {
                    compress_logged(&directory.join(part.name));
                }
            }
        };
        // Without a thread the parts stay as they are, and the next rotation tries again.
        self.running = std::thread::Builder::new().name("logx-gzip".into()).spawn(work).ok();
    }

    /// Waits for the compression under way.
    pub(crate) fn wait(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}

/// go-zero's two lines round a compression.
fn compress_logged(path: &Path) {
    let name = path.display();
    crate::infof(format_args!("compressing log file: {name}"));
    let start = Instant::now();
    match compress(path) {
        Ok(()) => crate::infof(format_args!("compressed log file: {name}, took {:?}", start.elapsed())),
        Err(error) => crate::errorf(format_args!("failed to compress log file: {name}, error: {error}")),
    }
}

/// `file` to `file.gz`; the original goes only when all of it is safe under the new name.
fn compress(path: &Path) -> io::Result<()> {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let (unfinished, finished) = (with(UNFINISHED), with(GZ));
    // What is kept goes by age: compressing makes a part no younger.
    let modified = fs::metadata(path)?.modified()?;
    let mut encoder = GzEncoder::new(File::create(&unfinished)?, Compression::default());
    let result = File::open(path)
        .and_then(|mut plain| io::copy(&mut plain, &mut encoder))
        .and_then(|_| encoder.finish())
        .and_then(|file| file.set_modified(modified).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, &finished))
        .and_then(|()| match fs::remove_file(path) {
            // It was cleared away meanwhile, so its compressed form goes as well.
            Err(e) if e.kind() == io::ErrorKind::NotFound => fs::remove_file(&finished),
            removed => removed,
        });
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result
}
