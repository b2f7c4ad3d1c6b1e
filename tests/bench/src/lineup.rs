//! Who takes part, on which sink.

use crate::candidate::Candidate;
use crate::check::Probe;
use crate::floor::{Floor, FloorBest};
use crate::lines::OURS;
use crate::ours::Logx;
use crate::rivals::{Late, SlogJson, SpdlogJson, Structured, TracingJson, slog_async, stock_json};
use crate::sink::{Appended, Capture, Discard};
use crate::subscribers;
use crate::worker::{Background, Start};
use anyhow::Result;
use logx::{LogConf, Mode, NativeWriter, Stream, Writer};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use slog::Drain;
use std::io::{BufWriter, LineWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The places of the subscribers in the process's switch.
mod slot {
    pub(super) const STOCK: usize = 0;
    pub(super) const STOCK_CAPTURE: usize = 1;
    pub(super) const STOCK_FILE: usize = 2;
    pub(super) const APPENDER: usize = 3;
}

/// The candidate that all ratios refer to.
pub const FLOOR: &str = "floor";
/// The longest that logx may take to write what is queued.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);
/// Buffer of the buffered file scenario, in bytes.
pub const FILE_BUFFER: usize = 8192;

/// Set up once a process.
pub struct Lineup {
    capture: Capture,
    file: Appended,
    appender: Late,
    dir: PathBuf,
}

impl Lineup {
    /// Installs the process's global state. File scenarios write into `dir`.
    pub fn new(dir: &Path) -> Result<Self> {
        let lineup = Self {
            capture: Capture::default(),
            file: Appended::create(&dir.join("bench.log"))?,
            appender: Late::default(),
            dir: dir.to_owned(),
        };
        subscribers::install(vec![
            Box::new(stock_json(Discard)),
            Box::new(stock_json(lineup.capture.clone())),
            Box::new(stock_json(lineup.file.clone())),
            Box::new(stock_json(lineup.appender.clone())),
        ])?;
        Ok(lineup)
    }

    /// Everybody on the discarding sink behind a lock.
    pub fn discarding(&self) -> Result<Vec<Box<dyn Candidate>>> {
        Ok(vec![
            Box::new(Floor::new(FLOOR, || Discard)),
            Box::new(FloorBest::<0>::new(Discard)),
            Box::new(Logx::native(OURS, Arc::new(Stream::new(Discard)))),
            Box::new(SlogJson::new("slog", Discard)),
            Box::new(TracingJson::new("tracing", slot::STOCK)),
            Box::new(SpdlogJson::new(Discard)?),
            Box::new(Structured::new(Discard)),
        ])
    }

    /// Everybody who can write a line at a time to the file.
    pub fn write_a_line(&self) -> Vec<Box<dyn Candidate>> {
        let file = self.file.clone();
        vec![
            Box::new(Floor::new(FLOOR, move || file.clone())),
            Box::new(FloorBest::<2>::new(self.file.clone())),
            Box::new(Logx::native(OURS, Arc::new(Stream::new(self.file.clone())))),
            Box::new(TracingJson::new("tracing", slot::STOCK_FILE)),
            Box::new(Structured::new(self.file.clone())),
        ]
    }

    /// Everybody behind a buffer of `FILE_BUFFER` bytes.
    pub fn buffered(&self) -> Result<Vec<Box<dyn Candidate>>> {
        let file = self.file.clone();
        let buffer = move || BufWriter::with_capacity(FILE_BUFFER, file.clone());
        Ok(vec![
            Box::new(Floor::new("floor, buffered", buffer.clone())),
            Box::new(FloorBest::<3>::new(buffer())),
            Box::new(Logx::native(OURS, Arc::new(Stream::new(buffer())))),
            Box::new(SlogJson::new("slog", buffer())),
            Box::new(SpdlogJson::new(buffer())?),
        ])
    }

    /// How to start each that writes a file by a worker, and the floor that writes it itself.
    pub fn background(&self) -> Vec<Start> {
        let floor = self.dir.join("floor.log");
        let logs = self.dir.join("logs");
        let slog = self.dir.join("slog.log");
        let tracing = self.dir.join("tracing.log");
        let appender = self.appender.clone();
        vec![
            Box::new(move || {
                let candidate = Box::new(FloorBest::<4>::new(Appended::create(&floor)?));
                Ok(Background { name: "floor-best (no worker)", candidate, path: floor, close: Box::new(|| {}) })
            }),
            Box::new(move || {
                let conf = LogConf { mode: Mode::File, path: logs.clone(), ..LogConf::default() };
                let writer: Arc<dyn Writer> = Arc::new(NativeWriter::from_conf(&conf)?);
                let candidate = Box::new(Logx::native(OURS, Arc::clone(&writer)));
                let close = Box::new(move || {
                    // What could not be written is missed when the lines are counted.
                    let _ = writer.close(CLOSE_DEADLINE);
                });
                Ok(Background { name: OURS, candidate, path: logs.join("access.log"), close })
            }),
            Box::new(move || {
                let (candidate, guard) = slog_async("slog-async", LineWriter::new(Appended::create(&slog)?));
                let close = Box::new(move || drop(guard));
                Ok(Background { name: "slog-async", candidate: Box::new(candidate), path: slog, close })
            }),
            Box::new(move || {
                let guard = appender.start(Appended::create(&tracing)?);
                let candidate = Box::new(TracingJson::new("tracing-appender", slot::APPENDER));
                let close = Box::new(move || drop(guard));
                Ok(Background { name: "tracing-appender", candidate, path: tracing, close })
            }),
        ]
    }

    /// Each bridge of logx beside the library that it goes through, called directly: theirs, ours.
    pub fn bridges(&self) -> Vec<[Box<dyn Candidate>; 2]> {
        let drain = Mutex::new(slog_json::Json::default(Discard)).fuse();
        let through_slog = SlogWriter::new(slog::Logger::root(drain, slog::o!()));
        vec![
            [
                Box::new(SlogJson::new("slog-json directly", Discard)),
                Box::new(Logx::through_slog("logx through slog-json", Arc::new(through_slog))),
            ],
            [
                Box::new(TracingJson::new("tracing directly", slot::STOCK)),
                Box::new(Logx::through_tracing("logx through tracing", Arc::new(TracingWriter::new()), slot::STOCK)),
            ],
        ]
    }

    /// The file of the file scenarios.
    pub const fn file(&self) -> &Appended {
        &self.file
    }

    /// Those of `discarding` on a sink that keeps the bytes.
    pub fn probes(&self) -> Result<Vec<Probe>> {
        let capture = self.capture.clone();
        let sink = move || capture.clone();
        let candidates: Vec<Box<dyn Candidate>> = vec![
            Box::new(Floor::new(FLOOR, sink.clone())),
            Box::new(FloorBest::<1>::new(sink())),
            Box::new(Logx::native(OURS, Arc::new(Stream::new(sink())))),
            Box::new(SlogJson::new("slog", sink())),
            Box::new(TracingJson::new("tracing", slot::STOCK_CAPTURE)),
            Box::new(SpdlogJson::new(sink())?),
            Box::new(Structured::new(sink())),
        ];
        Ok(candidates.into_iter().map(|candidate| Probe { candidate, capture: self.capture.clone() }).collect())
    }
}
