//! A plain HTTP/1.1 client: one request a connection, with a deadline.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// How long a connection and each read may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{}: {:?}", self.status, self.body))
    }

    /// A header's value; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// `GET path` of a server on this machine.
///
/// # Errors
/// No connection, or no complete answer in time.
pub fn get(port: u16, path: &str) -> Result<Reply> {
    send(port, "GET", path, &[], b"")
}

/// `POST path` with a JSON body and further headers.
///
/// # Errors
/// As [`get`].
pub fn post_json(port: u16, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Reply> {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend_from_slice(headers);
    send(port, "POST", path, &all, body.to_string().as_bytes())
}

/// Any request.
///
/// # Errors
/// As [`get`].
pub fn send(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes())?;
    // A server that refuses a large body may close before it has read it all; its answer still counts.
    let written = stream.write_all(body);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        written?;
        read?;
    }
    parse(&answer).with_context(|| format!("{method} {path}"))
}

fn parse(answer: &[u8]) -> Result<Reply> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("no end of the head")?;
    let head = String::from_utf8(answer[..end].to_vec())?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status")?;
    let mut reply = Reply { status, head, body: String::new() };
    let body = &answer[end + 4..];
    let body = match reply.header("transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => unchunk(body)?,
        _ => body.to_vec(),
    };
    if let Some(length) = reply.header("content-length") {
        ensure!(length.parse() == Ok(body.len()), "{} bytes of a body of {length}", body.len());
    }
    reply.body = String::from_utf8(body)?;
    Ok(reply)
}

fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").context("a chunk without a size")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end])?.trim(), 16)?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        ensure!(rest.len() >= size + 2, "a chunk that is cut off");
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}
