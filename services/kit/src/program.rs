//! What every main does: arguments, configuration, log, signals, exit status.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use tokio_util::sync::CancellationToken;

use crate::conf::{self, Conf, Loaded, ServiceConf};
use crate::logging::{self, Backend};
use crate::signal::Signals;
use crate::stat;

/// Whatever stops a start; its text is one line.
pub type StartError = Box<dyn Error + Send + Sync>;

/// A service that runs until the token is cancelled.
pub type Running = Pin<Box<dyn Future<Output = Result<(), StartError>> + Send>>;

/// Longest time for the last lines to be written.
const CLOSE_LOG: Duration = Duration::from_secs(2);

/// One deployable program.
#[derive(Debug)]
pub struct Program<C> {
    /// Its name, as in `user-rpc`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// The YAML that holds without `-f`.
    pub default_yaml: &'static str,
    /// The block that sets the process up.
    pub service: fn(&C) -> &ServiceConf,
    /// Starts it.
    pub run: fn(C, CancellationToken) -> Running,
}

#[derive(Parser, Debug)]
struct Args {
    /// The configuration file (YAML); without it the built-in defaults hold
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace ${NAME} in the file by environment variables
    #[arg(long)]
    env: bool,
    /// Check the configuration, print it with its defaults and masked secrets, and exit
    #[arg(long)]
    check_config: bool,
}

impl<C: Conf> Program<C> {
    /// Runs the program: the whole of a `main`. 0 after an orderly stop, 1 after a start that failed, 128 and the signal's number after a
    /// second signal.
    pub fn main(self) -> ExitCode {
        let args = match self.parse() {
            Ok(args) => args,
            Err(e) => {
                // clap's own words and streams: help and version on stdout.
                let _ = e.print();
                return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
            }
        };
        match self.start(&args) {
            Ok(code) => code,
            Err(e) => {
                logging::close(CLOSE_LOG);
                let _ = writeln!(std::io::stderr(), "{}: {e}", self.name);
                ExitCode::FAILURE
            }
        }
    }

    fn parse(&self) -> Result<Args, clap::Error> {
        let backends: Vec<_> = Backend::compiled().iter().map(|b| b.name()).collect();
        let version = format!("{} (backends: {})", self.version, backends.join(", "));
        let matches = Args::command()
            .name(self.name)
            .about(self.about)
            // clap wants it static; there is one a process.
            .version(&*version.leak())
            .try_get_matches()?;
        Args::from_arg_matches(&matches)
    }

    fn load(&self, args: &Args) -> Result<Loaded<C>, StartError> {
        let env = |name: &str| std::env::var(name).ok();
        let lookup: Option<&conf::Env<'_>> = if args.env { Some(&env) } else { None };
        let Some(path) = &args.file else {
            return Ok(conf::from_yaml("(built in)", self.default_yaml, lookup)?);
        };
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| format!("config file {shown} cannot be read: {e}"))?;
        Ok(conf::from_yaml(&shown, &text, lookup)?)
    }

    fn start(&self, args: &Args) -> Result<ExitCode, StartError> {
        let loaded = self.load(args)?;
        if args.check_config {
            let mut out = std::io::stdout().lock();
            for warning in &loaded.warnings {
                writeln!(out, "# warning: {warning}")?;
            }
            out.write_all(loaded.effective.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let service = (self.service)(&loaded.conf);
        let wait = service.shutdown.wait_time;
        let backend = logging::set_up(&service.log)?;
        for warning in &loaded.warnings {
            logx::warn!("config: {warning}");
        }
        logx::info!("{} {}, log backend {}", self.name, self.version, backend.name());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let code = runtime.block_on(until_signal(self.run, loaded.conf, wait));
        runtime.shutdown_timeout(Duration::from_millis(100));
        let code = code?;
        logging::close(CLOSE_LOG);
        Ok(code)
    }
}

async fn until_signal<C>(
    run: fn(C, CancellationToken) -> Running,
    conf: C,
    wait: Duration,
) -> Result<ExitCode, StartError> {
    let mut signals = Signals::new()?;
    let stop = CancellationToken::new();
    tokio::spawn(stat::report_process());
    let mut running = run(conf, stop.clone());
    let signal = tokio::select! {
        ended = &mut running => return ended.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => signal,
    };
    logx::info!("Got signal {signal}, shutting down...");
    stop.cancel();
    tokio::select! {
        ended = running => ended.map(|()| ExitCode::SUCCESS),
        again = signals.next() => Ok(ExitCode::from(128 + again as u8)),
        // The servers cut their requests off at `wait`; what hangs longer than that is not a request.
        () = tokio::time::sleep(wait + Duration::from_secs(1)) => {
            logx::error!("Still alive after {wait:?}, going to force kill the process...");
            Ok(ExitCode::FAILURE)
        }
    }
}
