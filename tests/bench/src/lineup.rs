//! Who takes part, on which sink.

use crate::bridges::{Bridge, JSON_LAYER, JSON_LAYER_IN_SPAN, THROUGH_SLOG, THROUGH_TRACING};
use crate::candidate::Candidate;
use crate::check::Probe;
use crate::floor::{Floor, FloorBest};
use crate::lines::OURS;
use crate::ours::Logx;
use crate::rivals::{
    Late, SlogJson, SlogSame, SpdlogJson, Structured, TracingJson, TracingSame, own_logger, slog_async, stock_json,
};
use crate::scenario::Scenario;
use crate::sink::{Appended, Capture, Discard};
use crate::subscribers;
use crate::worker::{Background, Start};
use anyhow::Result;
use logx::{LogConf, Mode, NativeWriter, Stream, Writer};
use logx_slog::SlogWriter;
use logx_tracing::TracingWriter;
use std::io::{BufWriter, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The places of the subscribers in the process's switch.
mod slot {
    pub(super) const STOCK: usize = 0;
    pub(super) const STOCK_CAPTURE: usize = 1;
    pub(super) const STOCK_FILE: usize = 2;
    pub(super) const APPENDER: usize = 3;
    pub(super) const LOGX_JSON: usize = 4;
    pub(super) const LOGX_JSON_CAPTURE: usize = 5;
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
            Box::new(logx_json(Discard)),
            Box::new(logx_json(lineup.capture.clone())),
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

    /// Each bridge of logx beside the library that it goes through, called directly, on the discarding sink.
    pub fn bridges(&self) -> Vec<Bridge> {
        bridges(Discard, [slot::STOCK, slot::LOGX_JSON])
    }

    /// The same on a sink that keeps the bytes.
    pub fn bridge_probes(&self) -> Vec<Bridge> {
        bridges(self.capture.clone(), [slot::STOCK_CAPTURE, slot::LOGX_JSON_CAPTURE])
    }

    /// What the probes wrote.
    pub const fn capture(&self) -> &Capture {
        &self.capture
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

/// tracing's events as logx's lines, for a program that only uses tracing.
fn logx_json<W: Write + Send + 'static>(sink: W) -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(logx_tracing::json_to(sink).with_level(LevelFilter::INFO))
}

/// All bridges to `sink`, and to tracing's subscribers of those slots: the stock one and logx's.
fn bridges<W: Write + Clone + Send + 'static>(sink: W, [stock, logx_json]: [usize; 2]) -> Vec<Bridge> {
    let own_logger = Arc::new(SlogWriter::new(own_logger(sink.clone())));
    let line = Arc::new(SlogWriter::json(sink.clone()));
    let stock_name = "tracing-subscriber's json";
    let logx_name = "logx_tracing::json()";
    vec![
        Bridge {
            direct: Box::new(SlogSame::own_logger("slog-json directly", sink.clone())),
            through: Box::new(Logx::through_slog("logx through slog-json", own_logger)),
            scenario: Scenario::Flat10,
            limit: THROUGH_SLOG,
            same_line: true,
        },
        Bridge {
            direct: Box::new(SlogSame::line("slog-json directly, whole lines", sink)),
            through: Box::new(Logx::through_slog_lines("SlogWriter::json", line)),
            scenario: Scenario::Flat10,
            limit: THROUGH_SLOG,
            same_line: true,
        },
        Bridge {
            direct: Box::new(TracingSame::new("tracing directly", stock)),
            through: Box::new(Logx::through_tracing("logx through tracing", Arc::new(TracingWriter::new()), stock)),
            scenario: Scenario::Flat10,
            limit: THROUGH_TRACING,
            same_line: true,
        },
        Bridge {
            direct: Box::new(TracingJson::new(stock_name, stock)),
            through: Box::new(TracingJson::new(logx_name, logx_json)),
            scenario: Scenario::Flat10,
            limit: JSON_LAYER,
            same_line: false,
        },
        Bridge {
            direct: Box::new(TracingJson::new(stock_name, stock)),
            through: Box::new(TracingJson::new(logx_name, logx_json)),
            scenario: Scenario::Span10,
            limit: JSON_LAYER_IN_SPAN,
            same_line: false,
        },
        Bridge {
            direct: Box::new(TracingJson::new(stock_name, stock)),
            through: Box::new(TracingJson::new(logx_name, logx_json)),
            scenario: Scenario::Ctx10,
            limit: JSON_LAYER_IN_SPAN,
            same_line: false,
        },
    ]
}
