//! Callers that each keep one connection busy, and what they measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Calls before this much of the time is over are not counted: connections and caches are new.
const WARM_UP: Duration = Duration::from_millis(300);

/// Somebody who calls again as soon as he is answered.
pub(crate) trait Caller: Send + 'static {
    /// One call, from before its first byte is sent until its answer is there.
    fn call(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// What a load measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Calls a second.
    pub(crate) rate: f64,
    /// The wait of the median call, in ms.
    pub(crate) p50: f64,
    /// The wait that one call of a hundred exceeds, in ms.
    pub(crate) p99: f64,
}

/// Lets every caller call for `length`.
///
/// # Errors
/// A call failed.
pub(crate) async fn run<C: Caller>(callers: Vec<C>, length: Duration) -> Result<Figure> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + length;
    let tasks: Vec<_> = callers.into_iter().map(|caller| tokio::spawn(keep_calling(caller, begin, end))).collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    waits.sort_unstable();
    if waits.is_empty() {
        bail!("no call ended within {length:?}");
    }
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    Ok(Figure { rate: waits.len() as f64 / length.as_secs_f64(), p50: at(0.5), p99: at(0.99) })
}

async fn keep_calling<C: Caller>(mut caller: C, begin: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(waits);
        }
        caller.call().await?;
        let answered = Instant::now();
        if answered >= begin && answered < end {
            waits.push(answered - sent);
        }
    }
}

/// Submits sagas of two steps over HTTP, each with the same action; as little of the machine as possible is spent on it.
#[derive(Debug)]
pub(crate) struct HttpSubmitter {
    stream: TcpStream,
    saga: String,
    host: String,
    buffer: Vec<u8>,
}

impl HttpSubmitter {
    /// Connects to the coordinator on a port of this machine. An empty `action` means that there is nothing to call.
    ///
    /// # Errors
    /// There is no connection.
    pub(crate) async fn connect(port: u16, action: &str, wait: bool) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let step = format!(r#"{{"action":"{action}","compensate":""}}"#);
        let saga = format!(r#""trans_type":"saga","wait_result":{wait},"steps":[{step},{step}],"payloads":["",""]"#);
        Ok(Self { stream, saga, host: format!("127.0.0.1:{port}"), buffer: Vec::with_capacity(4096) })
    }

    /// As many as there are connections.
    ///
    /// # Errors
    /// There is no connection.
    pub(crate) async fn many(count: usize, port: u16, action: &str, wait: bool) -> Result<Vec<Self>> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(Self::connect(port, action, wait).await?);
        }
        Ok(all)
    }

    /// Reads one answer; its status and the rest of the answer.
    async fn answer(&mut self) -> Result<()> {
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the coordinator closed the connection");
            }
            let Some(head) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&self.buffer[..head]);
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let length = length.with_context(|| format!("no Content-Length: {text}"))?;
            if self.buffer.len() < head + 4 + length {
                continue;
            }
            if !self.buffer.starts_with(b"HTTP/1.1 200") {
                bail!("{}", String::from_utf8_lossy(&self.buffer));
            }
            return Ok(());
        }
    }
}

impl Caller for HttpSubmitter {
    async fn call(&mut self) -> Result<()> {
        let body = format!(r#"{{"gid":"{}",{}}}"#, dtm::gid::new(), self.saga);
        let request = format!(
            "POST /api/dtmsvr/submit HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }
}
