//! go-zero's file and volume modes: five files, written by one thread.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::Sink;
use super::background::flush_worker;
use super::file::LogFile;
use super::rotate::Rules;
use super::worker::{Failed, Output, Overflow, Worker};
use crate::conf::{LogConf, Mode};
use crate::error::SetUpError;
use crate::level::Kind;

/// Names of the five files; a kind's channel is the index.
const NAMES: [&str; 5] = ["access.log", "error.log", "severe.log", "slow.log", "stat.log"];

/// Bytes of lines that wait for the disk, over all files.
const CAPACITY: usize = 8 * 1024 * 1024;
/// How long a call waits for room when the disk does not keep up; then the line is dropped and counted.
const PATIENCE: Duration = Duration::from_secs(1);

/// Five files behind one background writer.
#[derive(Debug)]
pub(crate) struct Files(Worker);

/// Which file takes a kind.
const fn channel(kind: Kind) -> usize {
    match kind {
        Kind::Debug | Kind::Info | Kind::Warn => 0,
        Kind::Error | Kind::Alert | Kind::Stack => 1,
        Kind::Severe => 2,
        Kind::Slow => 3,
        Kind::Stat => 4,
    }
}

impl Files {
    /// Opens all five files at once, so that a directory that cannot be written is known at the start.
    pub(crate) fn open(conf: &LogConf) -> Result<Self, SetUpError> {
        let directory = directory(conf);
        let failed = |path: PathBuf| move |source| SetUpError::Open { path, source };
        fs::create_dir_all(&directory).map_err(failed(directory.clone()))?;
        let now = SystemTime::now();
        let mut files = Vec::with_capacity(NAMES.len());
        for name in NAMES {
            let file = LogFile::open(&directory, Rules::new(name, conf), now);
            files.push(file.map_err(failed(directory.join(name)))?);
        }
        Worker::start(FileSet(files), NAMES.len(), CAPACITY, Overflow::Block(PATIENCE))
            .map(Self)
            .map_err(failed(directory))
    }
}

/// `Path`, or in volume mode `Path/ServiceName/hostname`.
fn directory(conf: &LogConf) -> PathBuf {
    match conf.mode {
        Mode::Volume => conf.path.join(&conf.service_name).join(host_name()),
        Mode::Console | Mode::File => conf.path.clone(),
    }
}

/// The host's name as the kernel or the environment tells it.
fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.unwrap_or_default().trim().replace(['/', '\\'], "-");
    if name.is_empty() { "localhost".to_owned() } else { name }
}

impl Sink for Files {
    #[inline]
    fn write_line(&self, kind: Kind, line: &[u8]) -> io::Result<()> {
        self.0.push(channel(kind), line)
    }

    fn flush(&self) -> io::Result<()> {
        flush_worker(&self.0)
    }

    fn close(&self, deadline: Duration) -> io::Result<()> {
        self.0.close(Instant::now() + deadline)
    }
}

struct FileSet(Vec<LogFile>);

impl Output for FileSet {
    fn write_batch(&mut self, channel: usize, bytes: &[u8]) -> Result<(), Failed> {
        let file = self.0.get_mut(channel);
        file.map_or(Ok(()), |file| file.write_batch(bytes, SystemTime::now()))
    }

    /// Every file is synced, also when an earlier one fails.
    fn finish(&mut self) -> io::Result<()> {
        let results: Vec<io::Result<()>> = self.0.iter_mut().map(LogFile::finish).collect();
        results.into_iter().collect()
    }
}
