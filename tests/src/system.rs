//! The whole system under test: the shipped configuration on free ports, in one process or in four.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::build::{self, Features};
use crate::http::{self, Reply};
use crate::program::{Ended, Running, eventually};
use crate::{lines, ports};

/// How long a start may take; a first start makes three databases.
const START: Duration = Duration::from_secs(30);
/// How long a stop may take.
const STOP: Duration = Duration::from_secs(15);
/// A port may be taken between the look and the bind.
const ATTEMPTS: u32 = 3;

/// The trace of the request that [`System::wait_ready`] sends, by which its lines are told from those of a test.
pub const PROBE_TRACE: &str = "70726f626570726f626570726f626521";

/// How the system runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All in one process.
    Stack,
    /// Each service for itself.
    Split,
}

impl Shape {
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Stack => &["stack"],
            Self::Split => &["dtm-lite", "user-rpc", "score-rpc", "user-api"],
        }
    }
}

/// The ports of one system.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// user-api.
    pub api: u16,
    /// user-api's metrics.
    pub api_metrics: u16,
    /// user-rpc.
    pub user: u16,
    /// user-rpc's metrics.
    pub user_metrics: u16,
    /// score-rpc.
    pub score: u16,
    /// score-rpc's metrics.
    pub score_metrics: u16,
    /// The coordinator's HTTP.
    pub dtm_http: u16,
    /// The coordinator's gRPC.
    pub dtm_grpc: u16,
}

impl Ports {
    fn free() -> Result<Self> {
        let [api, api_metrics, user, user_metrics, score, score_metrics, dtm_http, dtm_grpc] = ports::free()?;
        Ok(Self { api, api_metrics, user, user_metrics, score, score_metrics, dtm_http, dtm_grpc })
    }

    /// The shipped ports, each with the one that stands for it here.
    fn table(&self) -> [(&'static str, u16); 8] {
        [
            ("8888", self.api),
            ("9081", self.api_metrics),
            ("8080", self.user),
            ("9091", self.user_metrics),
            ("8081", self.score),
            ("9101", self.score_metrics),
            ("36789", self.dtm_http),
            ("36790", self.dtm_grpc),
        ]
    }
}

/// A text of a configuration file and what stands in its place.
pub type Edit<'a> = (&'a str, &'a str);

/// A system that runs in a folder of its own.
#[derive(Debug)]
pub struct System {
    /// Where it listens.
    pub ports: Ports,
    /// How it runs.
    pub shape: Shape,
    features: Features,
    running: BTreeMap<&'static str, Running>,
    dir: TempDir,
}

/// The shipped configuration of a program with other ports. Each edit must find its text in one of the files.
fn yaml(name: &str, ports: &Ports, edits: &[Edit<'_>]) -> Result<String> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/etc").join(format!("{name}.yaml"));
    let mut text = fs::read_to_string(&shipped).with_context(|| shipped.display().to_string())?;
    for (shipped, port) in ports.table() {
        text = text.replace(shipped, &port.to_string());
    }
    for (from, to) in edits {
        text = text.replace(from, to);
    }
    Ok(text)
}

impl System {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// A program cannot be built, ends early, or does not answer in time.
    pub fn start(shape: Shape, features: Features) -> Result<Self> {
        Self::start_edited(shape, features, &[])
    }

    /// As [`System::start`], with changes in the shipped files.
    ///
    /// # Errors
    /// As [`System::start`].
    pub fn start_edited(shape: Shape, features: Features, edits: &[Edit<'_>]) -> Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (ports, dir) = (Ports::free()?, tempfile::tempdir()?);
            let mut system = Self { ports, shape, features, running: BTreeMap::new(), dir };
            match shape.programs().iter().try_for_each(|name| system.start_one(name, edits)) {
                Ok(()) => match system.wait_ready() {
                    Ok(()) => return Ok(system),
                    Err(e) => last = Some(e),
                },
                Err(e) => return Err(e),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made")))
    }

    /// Starts one of its programs, anew if it ran before.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_one(&mut self, name: &'static str, edits: &[Edit<'_>]) -> Result<()> {
        let program = build::program(name, self.features)?;
        let file = self.dir.path().join(format!("{name}.yaml"));
        fs::write(&file, yaml(name, &self.ports, edits)?)?;
        let running = Running::start(&program, &["-f", &file.display().to_string()], self.dir.path())?;
        self.running.insert(name, running);
        Ok(())
    }

    /// Waits until every service answers through user-api and the coordinator takes questions.
    ///
    /// # Errors
    /// A program ended, or there is no answer in time.
    pub fn wait_ready(&mut self) -> Result<()> {
        let mut early = None;
        let probe = format!("00-{PROBE_TRACE}-70726f6265212121-01");
        let waited = eventually("the system answers", START, || {
            for (name, running) in &mut self.running {
                if running.has_ended() {
                    early = Some(format!("{name} ended: {}{}", running.stderr(), running.stdout()));
                    return Some(());
                }
            }
            // In this order: a question that fails would leave an error line.
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.score)).ok()?;
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.user)).ok()?;
            let coordinator = http::get(self.ports.dtm_http, "/api/dtmsvr/version").ok()?;
            let users = http::send(self.ports.api, "GET", "/users?limit=1", &[("traceparent", &probe)], b"").ok()?;
            (users.status == 200 && coordinator.status == 200).then_some(())
        });
        match early {
            Some(text) => bail!(text),
            None => waited.with_context(|| self.last_lines()),
        }
    }

    fn last_lines(&self) -> String {
        let last = |text: String| text.lines().rev().take(5).map(|l| format!("{l}\n")).collect::<String>();
        self.running.iter().map(|(name, r)| format!("{name}: {}{}", last(r.stderr()), last(r.stdout()))).collect()
    }

    /// The folder with its configuration and its data.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// One of its programs.
    ///
    /// # Errors
    /// It does not run.
    pub fn program(&mut self, name: &str) -> Result<&mut Running> {
        self.running.get_mut(name).with_context(|| format!("{name} does not run"))
    }

    /// Takes a program out, to end it in some way.
    ///
    /// # Errors
    /// It does not run.
    pub fn take(&mut self, name: &str) -> Result<Running> {
        self.running.remove(name).with_context(|| format!("{name} does not run"))
    }

    /// Stops every program in an orderly way and checks each of their lines.
    ///
    /// # Errors
    /// One does not stop, ends with another status than 0, or printed a line that is none.
    pub fn stop(mut self) -> Result<BTreeMap<&'static str, Ended>> {
        let mut ended = BTreeMap::new();
        for name in self.shape.programs().iter().rev() {
            if let Some(running) = self.running.remove(name) {
                let end = running.stop(STOP)?;
                ensure!(end.status.success(), "{name} ended with {}: {}", end.status, end.stderr);
                lines::check_streams(&end.stdout, &end.stderr).with_context(|| *name)?;
                ended.insert(*name, end);
            }
        }
        Ok(ended)
    }

    /// Registers a user.
    ///
    /// # Errors
    /// There is no answer.
    pub fn register(&self, name: &str, invite_code: Option<&str>, headers: &[(&str, &str)]) -> Result<Reply> {
        let mut body = json!({"name": name, "gender": "female"});
        if let Some(code) = invite_code {
            body["inviteCode"] = code.into();
        }
        http::post_json(self.ports.api, "/register", &body, headers)
    }

    /// How a registration stands.
    ///
    /// # Errors
    /// There is no answer, or none in JSON.
    pub fn state(&self, gid: &str) -> Result<Value> {
        let reply = http::get(self.ports.api, &format!("/register/{gid}"))?;
        ensure!(reply.status == 200, "{reply:?}");
        Ok(reply.json()?["data"].take())
    }

    /// A user.
    ///
    /// # Errors
    /// There is no answer.
    pub fn user(&self, id: &str) -> Result<Reply> {
        http::get(self.ports.api, &format!("/user/get/{id}"))
    }
}
