//! `floor-best`: what a library must do as well, done by hand. The level is checked, strings are escaped, the buffer is
//! the thread's, the writer is found through a static and held in a mutex; floats by zmij.

use super::clock::Stamp;
use super::cursor::Cursor;
use super::{HEAD, LEVEL_CALLER};
use crate::candidate::{Candidate, repeat};
use crate::data::{self, Flat, MESSAGE, Rich, User};
use crate::scenario::Scenario;
use crate::sink::LineWriter;
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

const DEBUG: usize = 0;
const INFO: usize = 1;
/// Instances that can live in one process.
const SLOTS: usize = 5;

static LEVEL: AtomicUsize = AtomicUsize::new(INFO);
static WRITERS: [OnceLock<Box<dyn LineWriter>>; SLOTS] = [const { OnceLock::new() }; SLOTS];

struct Thread {
    line: Cursor,
    stamp: Stamp,
}

thread_local! {
    static THREAD: RefCell<Thread> = const { RefCell::new(Thread { line: Cursor::new(), stamp: Stamp::new() }) };
}

/// The instance whose writer is the static number `SLOT`.
pub struct FloorBest<const SLOT: usize>(());

impl<const SLOT: usize> FloorBest<SLOT> {
    /// Every slot is set up once a process; a second set-up of the same slot is ignored.
    pub fn new<W: Write + Send + 'static>(sink: W) -> Self {
        let _ = WRITERS[SLOT].set(Box::new(Mutex::new(sink)));
        Self(())
    }
}

impl<const SLOT: usize> Candidate for FloorBest<SLOT> {
    fn name(&self) -> &'static str {
        "floor-best"
    }

    fn supports(&self, scenario: Scenario) -> bool {
        !matches!(scenario, Scenario::Zap10Serde | Scenario::Span10)
    }

    fn run(&self, scenario: Scenario, lines: u64) {
        let flat = data::flat();
        let rich = data::rich();
        match scenario {
            Scenario::Off => repeat(lines, || write::<SLOT>(DEBUG, |line| line.escaped(MESSAGE))),
            Scenario::Off10 => repeat(lines, || {
                write::<SLOT>(DEBUG, |line| {
                    line.escaped(MESSAGE);
                    flat10(line, flat);
                });
            }),
            Scenario::Static => repeat(lines, || {
                write::<SLOT>(INFO, |line| {
                    line.escaped(MESSAGE);
                    line.put(b"\"");
                });
            }),
            Scenario::Flat10 => repeat(lines, || {
                write::<SLOT>(INFO, |line| {
                    line.escaped(MESSAGE);
                    flat10(line, flat);
                });
            }),
            Scenario::Zap10 | Scenario::Zap10Serde => repeat(lines, || {
                write::<SLOT>(INFO, |line| {
                    line.escaped(MESSAGE);
                    line.put(b"\"");
                    zap10(line, rich);
                });
            }),
            Scenario::Span10 => unreachable!("the floor has no spans"),
            Scenario::Ctx10 => {
                let mut context = Cursor::new();
                zap10(&mut context, rich);
                repeat(lines, || {
                    write::<SLOT>(INFO, |line| {
                        line.escaped(MESSAGE);
                        line.put(b"\"");
                        line.put(context.as_bytes());
                    });
                });
            }
            Scenario::Fmt3 => repeat(lines, || formatted::<SLOT>(fmt3!(flat))),
            Scenario::Fmt10 => repeat(lines, || formatted::<SLOT>(fmt10!(rich))),
        }
    }
}

#[inline]
fn formatted<const SLOT: usize>(message: fmt::Arguments<'_>) {
    write::<SLOT>(INFO, |line| {
        let _ = line.write_fmt(message);
        line.put(b"\"");
    });
}

/// One line: everything from the message on is `fill`'s.
#[inline]
fn write<const SLOT: usize>(level: usize, fill: impl FnOnce(&mut Cursor)) {
    if level < LEVEL.load(Ordering::Relaxed) {
        return;
    }
    THREAD.with_borrow_mut(|thread| {
        let line = &mut thread.line;
        line.clear();
        line.put(HEAD.as_bytes());
        line.put(thread.stamp.now());
        line.put(LEVEL_CALLER.as_bytes());
        fill(line);
        line.put(b"}\n");
        if let Some(writer) = WRITERS[SLOT].get() {
            writer.write_line(line.as_bytes());
        }
    });
}

#[inline]
fn flat10(line: &mut Cursor, d: &Flat) {
    line.put(b"\",\"method\":\"");
    line.escaped(d.method);
    line.put(b"\",\"path\":\"");
    line.escaped(d.path);
    line.put(b"\",\"host\":\"");
    line.escaped(d.host);
    line.put(b"\",\"status\":");
    line.int(d.status);
    line.put(b",\"bytes\":");
    line.int(d.bytes);
    line.put(b",\"user_id\":");
    line.int(d.user_id);
    line.put(b",\"attempt\":");
    line.int(d.attempt);
    line.put(b",\"elapsed_ms\":");
    line.float(d.elapsed_ms);
    line.put(b",\"load\":");
    line.float(d.load);
    line.put(if d.cached { b",\"cached\":true" } else { b",\"cached\":false" });
}

/// The ten rich fields, each with the comma before it.
fn zap10(line: &mut Cursor, d: &Rich) {
    line.put(b",\"int\":");
    line.int(d.int);
    line.put(b",\"ints\":");
    ints(line, &d.ints);
    line.put(b",\"string\":\"");
    line.escaped(d.string);
    line.put(b"\",\"strings\":[\"");
    for (i, s) in d.strings.iter().enumerate() {
        if i > 0 {
            line.put(b"\",\"");
        }
        line.escaped(s);
    }
    line.put(b"\"],\"time\":");
    line.int(d.time);
    line.put(b",\"times\":");
    ints(line, &d.times);
    line.put(b",\"user1\":");
    user(line, &d.user1);
    line.put(b",\"user2\":");
    user(line, &d.user2);
    line.put(b",\"users\":[");
    for (i, u) in d.users.iter().enumerate() {
        if i > 0 {
            line.put(b",");
        }
        user(line, u);
    }
    line.put(b"],\"error\":\"");
    let _ = write!(line, "{}", d.error);
    line.put(b"\"");
}

#[inline]
fn ints(line: &mut Cursor, values: &[i64]) {
    line.put(b"[");
    for (i, v) in values.iter().enumerate() {
        if i > 0 {
            line.put(b",");
        }
        line.int(*v);
    }
    line.put(b"]");
}

#[inline]
fn user(line: &mut Cursor, u: &User) {
    line.put(b"{\"name\":\"");
    line.escaped(u.name);
    line.put(b"\",\"email\":\"");
    line.escaped(u.email);
    line.put(b"\",\"createdAt\":");
    line.int(u.created_at);
    line.put(b"}");
}
