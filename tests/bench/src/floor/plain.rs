//! `floor`: itoa, ryu and memcpy into a buffer that is held, a clock read per line. It checks no level, escapes nothing,
//! shares nothing: no library can promise this, so it is the unit and not a rival.

use super::clock::Stamp;
use super::{HEAD, LEVEL_CALLER};
use crate::candidate::{Candidate, repeat};
use crate::data::{self, Flat, MESSAGE, Rich, User};
use crate::scenario::Scenario;
use std::io::Write;

/// `make` opens the sink of one batch.
pub struct Floor<M> {
    name: &'static str,
    make: M,
}

impl<M> Floor<M> {
    pub const fn new(name: &'static str, make: M) -> Self {
        Self { name, make }
    }
}

impl<W: Write, M: Fn() -> W + Sync> Candidate for Floor<M> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, scenario: Scenario) -> bool {
        !matches!(scenario, Scenario::Zap10Serde | Scenario::Span10)
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        let mut sink = (self.make)();
        let mut buf = Vec::with_capacity(8192);
        let mut stamp = Stamp::new();
        let flat = data::flat();
        let rich = data::rich();
        match scenario {
            Scenario::Off | Scenario::Off10 => repeat(lines, || {}),
            Scenario::Static => repeat(lines, || {
                begin(&mut buf, &mut stamp);
                buf.extend_from_slice(MESSAGE.as_bytes());
                buf.push(b'"');
                end(&mut buf, &mut sink);
            }),
            Scenario::Flat10 => repeat(lines, || {
                begin(&mut buf, &mut stamp);
                buf.extend_from_slice(MESSAGE.as_bytes());
                flat10(&mut buf, flat);
                end(&mut buf, &mut sink);
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || {
                begin(&mut buf, &mut stamp);
                buf.extend_from_slice(MESSAGE.as_bytes());
                buf.push(b'"');
                zap10(&mut buf, rich);
                end(&mut buf, &mut sink);
            }),
            Scenario::Span10 => unreachable!("the floor has no spans"),
            Scenario::Ctx10 => {
                let mut context = Vec::new();
                zap10(&mut context, rich);
                repeat(lines, || {
                    begin(&mut buf, &mut stamp);
                    buf.extend_from_slice(MESSAGE.as_bytes());
                    buf.push(b'"');
                    buf.extend_from_slice(&context);
                    end(&mut buf, &mut sink);
                });
            }
            Scenario::Fmt3 => repeat(lines, || {
                begin(&mut buf, &mut stamp);
                let _ = buf.write_fmt(fmt3!(flat));
                buf.push(b'"');
                end(&mut buf, &mut sink);
            }),
            Scenario::Fmt10 => repeat(lines, || {
                begin(&mut buf, &mut stamp);
                let _ = buf.write_fmt(fmt10!(rich));
                buf.push(b'"');
                end(&mut buf, &mut sink);
            }),
        }
    }
}

#[inline]
fn begin(buf: &mut Vec<u8>, stamp: &mut Stamp) {
    buf.clear();
    buf.extend_from_slice(HEAD.as_bytes());
    buf.extend_from_slice(stamp.now());
    buf.extend_from_slice(LEVEL_CALLER.as_bytes());
}

#[inline]
fn end(buf: &mut Vec<u8>, sink: &mut impl Write) {
    buf.extend_from_slice(b"}\n");
    // A file that cannot be written is found by the check of its length.
    let _ = sink.write_all(buf);
}

#[inline]
fn int(buf: &mut Vec<u8>, value: i64) {
    buf.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[inline]
fn float(buf: &mut Vec<u8>, value: f64) {
    buf.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
}

#[inline]
fn flat10(buf: &mut Vec<u8>, d: &Flat) {
    buf.extend_from_slice(b"\",\"method\":\"");
    buf.extend_from_slice(d.method.as_bytes());
    buf.extend_from_slice(b"\",\"path\":\"");
    buf.extend_from_slice(d.path.as_bytes());
    buf.extend_from_slice(b"\",\"host\":\"");
    buf.extend_from_slice(d.host.as_bytes());
    buf.extend_from_slice(b"\",\"status\":");
    int(buf, d.status);
    buf.extend_from_slice(b",\"bytes\":");
    int(buf, d.bytes);
    buf.extend_from_slice(b",\"user_id\":");
    int(buf, d.user_id);
    buf.extend_from_slice(b",\"attempt\":");
    int(buf, d.attempt);
    buf.extend_from_slice(b",\"elapsed_ms\":");
    float(buf, d.elapsed_ms);
    buf.extend_from_slice(b",\"load\":");
    float(buf, d.load);
    buf.extend_from_slice(if d.cached { b",\"cached\":true" } else { b",\"cached\":false" });
}

/// The ten rich fields, each with the comma before it.
fn zap10(buf: &mut Vec<u8>, d: &Rich) {
    buf.extend_from_slice(b",\"int\":");
    int(buf, d.int);
    buf.extend_from_slice(b",\"ints\":");
    ints(buf, &d.ints);
    buf.extend_from_slice(b",\"string\":\"");
    buf.extend_from_slice(d.string.as_bytes());
    buf.extend_from_slice(b"\",\"strings\":[\"");
    for (i, s) in d.strings.iter().enumerate() {
        if i > 0 {
            buf.extend_from_slice(b"\",\"");
        }
        buf.extend_from_slice(s.as_bytes());
    }
    buf.extend_from_slice(b"\"],\"time\":");
    int(buf, d.time);
    buf.extend_from_slice(b",\"times\":");
    ints(buf, &d.times);
    buf.extend_from_slice(b",\"user1\":");
    user(buf, &d.user1);
    buf.extend_from_slice(b",\"user2\":");
    user(buf, &d.user2);
    buf.extend_from_slice(b",\"users\":[");
    for (i, u) in d.users.iter().enumerate() {
        if i > 0 {
            buf.push(b',');
        }
        user(buf, u);
    }
    buf.extend_from_slice(b"],\"error\":\"");
    let _ = write!(buf, "{}", d.error);
    buf.push(b'"');
}

#[inline]
fn ints(buf: &mut Vec<u8>, values: &[i64]) {
    buf.push(b'[');
    for (i, v) in values.iter().enumerate() {
        if i > 0 {
            buf.push(b',');
        }
        int(buf, *v);
    }
    buf.push(b']');
}

#[inline]
fn user(buf: &mut Vec<u8>, u: &User) {
    buf.extend_from_slice(b"{\"name\":\"");
    buf.extend_from_slice(u.name.as_bytes());
    buf.extend_from_slice(b"\",\"email\":\"");
    buf.extend_from_slice(u.email.as_bytes());
    buf.extend_from_slice(b"\",\"createdAt\":");
    int(buf, u.created_at);
    buf.push(b'}');
}
