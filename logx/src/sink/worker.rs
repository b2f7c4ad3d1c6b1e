//! The background writer: callers put whole lines into bounded buffers, one thread writes many of them at once.
//!
//! **What it promises.** A line that was taken is written in order, whole, and is with the operating system within
//! about 20 ms while the output takes it; [`flush`](Worker::flush) and [`close`](Worker::close) wait for it. Memory is
//! bounded by the capacity, times two while a batch is being written. A line that is lost is counted.
//!
//! **When it acts.** The thread polls by the clock while lines come, so that no call has to wake it; only a call that
//! finds it fast asleep (a second without lines), or one that fills the buffers to half, does.
//!
//! **When it fails.** An output that fails keeps its lines and is tried again, each time after a pause; meanwhile the
//! buffers fill, and then the overflow policy decides: callers wait up to a bound, or the line is dropped.
//!
//! **How to see it.** [`health`](crate::health()) counts dropped lines; a failing output says so on stderr once a second.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::encode::guard;
use crate::health::count_dropped;

/// How long a line may lie in the buffer while the worker sleeps.
const POLL: Duration = Duration::from_millis(5);
/// Polls that found nothing before the worker sleeps until it is woken.
const POLLS_BEFORE_SLEEP: u32 = 200;
/// The pause before a failed output is tried again.
const RETRY: Duration = Duration::from_millis(100);
/// Bytes that a buffer keeps while lines come; a worker fast asleep keeps none. Taking memory anew for every batch would
/// cost the callers page faults.
const KEEP: usize = 256 * 1024;

/// Where batches go.
pub(crate) trait Output: Send + 'static {
    /// Writes the beginning of `bytes` (whole lines) for a channel and says how many bytes are written and need no
    /// second try.
    ///
    /// # Errors
    /// With how much was written before.
    fn write_batch(&mut self, channel: usize, bytes: &[u8]) -> Result<(), Failed>;

    /// The end: what was written is forced down.
    fn finish(&mut self) -> io::Result<()>;
}

/// A batch that was written in part.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Bytes that were written.
    pub(crate) written: usize,
    /// Why no more.
    pub(crate) error: io::Error,
}

/// What happens to a line that finds the buffers full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The caller waits for room, at most so long; then the line is dropped and counted.
    Block(Duration),
    /// The line is dropped and counted at once.
    Drop,
}

struct State {
    /// One buffer for each channel.
    pending: Vec<Vec<u8>>,
    /// Bytes in all buffers.
    size: usize,
    /// Lines in all buffers.
    lines: u64,
    /// The worker waits without a limit of time.
    asleep: bool,
    /// Somebody waits for the lines; or they are many.
    hurry: bool,
    closed: bool,
    /// Until when a closed worker tries.
    deadline: Option<Instant>,
    ended: bool,
    /// Lines ever taken, and ever written or given up.
    taken: u64,
    done: u64,
    /// Callers that wait for room.
    waiting: u32,
}

struct Shared {
    state: Mutex<State>,
    worker: Condvar,
    callers: Condvar,
    /// Bytes that the buffers hold.
    capacity: usize,
    overflow: Overflow,
}

/// The callers' end.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("capacity", &self.shared.capacity).finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts the thread, with buffers for `channels` channels of `capacity` bytes together.
    pub(crate) fn start(output: impl Output, channels: usize, capacity: usize, overflow: Overflow) -> io::Result<Self> {
        let state = State {
            pending: vec![Vec::new(); channels],
            size: 0,
            lines: 0,
            asleep: false,
            hurry: false,
            closed: false,
            deadline: None,
            ended: false,
            taken: 0,
            done: 0,
            waiting: 0,
        };
        let (worker, callers) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { state: Mutex::new(state), worker, callers, capacity, overflow });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("logx-writer".into()).spawn(move || own.run(output))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Takes a line. One that is longer than the capacity is taken when the buffers are empty.
    ///
    /// # Errors
    /// `NotConnected` once closed, `WouldBlock` for a line that was dropped (and counted).
    #[inline]
    pub(crate) fn push(&self, channel: usize, line: &[u8]) -> io::Result<()> {
        let mut state = self.shared.lock();
        if !state.has_room(line.len(), self.shared.capacity) {
            state = self.shared.wait_for_room(state, line.len())?;
        }
        if state.closed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let before = state.size;
        state.pending[channel].extend_from_slice(line);
        state.size += line.len();
        state.lines += 1;
        state.taken += 1;
        let half = self.shared.capacity / 2;
        let wake = state.asleep || (before < half && state.size >= half);
        state.hurry |= wake && !state.asleep;
        state.asleep = false;
        drop(state);
        if wake {
            self.shared.worker.notify_one();
        }
        Ok(())
    }

    /// Waits until every line taken so far is written; gives how many were not by the deadline.
    pub(crate) fn flush(&self, deadline: Instant) -> u64 {
        let mut state = self.shared.lock();
        let target = state.taken;
        while state.done < target && !state.ended {
            state.hurry = true;
            state.asleep = false;
            self.shared.worker.notify_one();
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { break };
            state = wait(&self.shared.callers, state, left);
        }
        target.saturating_sub(state.done)
    }

    /// Takes no more lines, writes those that were taken and ends the thread.
    ///
    /// # Errors
    /// `TimedOut` with the number of lines that were unwritten at the deadline, which are counted as dropped; or what
    /// the end of the output reported.
    pub(crate) fn close(&self, deadline: Instant) -> io::Result<()> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        let mut state = self.shared.lock();
        (state.closed, state.deadline) = (true, Some(deadline));
        drop(state);
        self.shared.callers.notify_all();
        self.shared.worker.notify_one();
        let left = self.flush(deadline);
        if left > 0 {
            count_dropped(left);
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{left} lines were not written in time")));
        }
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the writer's thread panicked")))
    }
}

impl State {
    #[inline]
    fn has_room(&self, len: usize, capacity: usize) -> bool {
        self.size + len <= capacity || self.size == 0
    }
}

impl Shared {
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn wait_for_room<'a>(&'a self, mut state: MutexGuard<'a, State>, len: usize) -> io::Result<MutexGuard<'a, State>> {
        let limit = match self.overflow {
            Overflow::Block(limit) => limit,
            Overflow::Drop => Duration::ZERO,
        };
        let end = Instant::now() + limit;
        state.waiting += 1;
        while !state.closed && !state.has_room(len, self.capacity) {
            state.hurry = true;
            state.asleep = false;
            self.worker.notify_one();
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                state.waiting -= 1;
                count_dropped(1);
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "the log's buffer is full"));
            };
            state = wait(&self.callers, state, left);
        }
        state.waiting -= 1;
        Ok(state)
    }

    /// The worker's life.
    fn run(&self, mut output: impl Output) -> io::Result<()> {
        let mut batches: Vec<Vec<u8>> = vec![Vec::new(); self.lock().pending.len()];
        let mut idle = 0;
        while let Some(lines) = self.next_batches(&mut batches, &mut idle) {
            for (channel, batch) in batches.iter_mut().enumerate() {
                self.write_out(&mut output, channel, batch);
                batch.clear();
                batch.shrink_to(KEEP);
            }
            self.lock().done += lines;
            self.callers.notify_all();
        }
        let end = guard::writer(|| output.finish()).unwrap_or_else(|panic| Err(io::Error::other(panic)));
        self.lock().ended = true;
        self.callers.notify_all();
        end
    }

    /// Waits for lines and takes them all; `None` at the end. Between two batches lines may gather for a while.
    fn next_batches(&self, batches: &mut [Vec<u8>], idle: &mut u32) -> Option<u64> {
        let mut state = self.lock();
        if !state.hurry && !state.closed {
            state = wait(&self.worker, state, POLL);
        }
        while state.size == 0 {
            if state.closed {
                return None;
            }
            *idle += 1;
            state.asleep = *idle > POLLS_BEFORE_SLEEP;
            if state.asleep {
                state.pending.iter_mut().chain(batches.iter_mut()).for_each(|buffer| *buffer = Vec::new());
            }
            state = if state.asleep {
                self.worker.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                wait(&self.worker, state, POLL)
            };
        }
        *idle = 0;
        for (pending, batch) in state.pending.iter_mut().zip(batches) {
            std::mem::swap(pending, batch);
        }
        state.size = 0;
        state.hurry = false;
        if state.waiting > 0 {
            // There is room again while the batches are being written.
            self.callers.notify_all();
        }
        Some(std::mem::take(&mut state.lines))
    }

    /// Writes a batch, again and again if need be; what is left at a close's deadline is given up.
    fn write_out(&self, output: &mut impl Output, channel: usize, batch: &[u8]) {
        let mut rest = batch;
        while !rest.is_empty() {
            // How much an output wrote before it panicked nobody knows: its lines come again rather than not at all.
            let Err(failed) =
                guard::writer(|| output.write_batch(channel, rest)).unwrap_or_else(|panic| panicked(&panic))
            else {
                return;
            };
            rest = rest.get(failed.written..).unwrap_or_default();
            super::stderr::failed_output(&failed.error);
            let state = self.lock();
            if state.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                // Whoever closes the worker counts what is left.
                return;
            }
            drop(wait(&self.worker, state, RETRY));
        }
    }
}

fn panicked(panic: &str) -> Result<(), Failed> {
    Err(Failed { written: 0, error: io::Error::other(format!("the output panicked: {panic}")) })
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
    condition.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Hands every batch to the test, and fails as often as the test says.
    struct Batches {
        sent: mpsc::Sender<(usize, Vec<u8>)>,
        failures: u32,
        gate: Option<mpsc::Receiver<()>>,
    }

    impl Output for Batches {
        fn write_batch(&mut self, channel: usize, bytes: &[u8]) -> Result<(), Failed> {
            if let Some(gate) = &self.gate {
                let _ = gate.recv();
            }
            if self.failures > 0 {
                self.failures -= 1;
                let written = bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
                let _ = self.sent.send((channel, bytes[..written].to_vec()));
                return Err(Failed { written, error: io::ErrorKind::StorageFull.into() });
            }
            let _ = self.sent.send((channel, bytes.to_vec()));
            Ok(())
        }

        fn finish(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn lines_arrive_in_order_and_whole_also_through_an_output_that_fails_now_and_then() {
        let (sent, got) = mpsc::channel();
        let output = Batches { sent, failures: 3, gate: None };
        let worker = Worker::start(output, 2, 1 << 20, Overflow::Block(Duration::from_secs(10))).unwrap();
        let mut want = String::new();
        for i in 0..1_000 {
            let line = format!("line {i}\n");
            worker.push(1, line.as_bytes()).unwrap();
            want.push_str(&line);
        }
        assert_eq!(worker.flush(soon()), 0);
        worker.close(soon()).unwrap();
        let all: Vec<u8> = got
            .iter()
            .flat_map(|(channel, bytes)| {
                assert_eq!(channel, 1);
                bytes
            })
            .collect();
        assert_eq!(String::from_utf8(all).unwrap(), want);
        assert_eq!(worker.push(0, b"late\n").unwrap_err().kind(), io::ErrorKind::NotConnected);
    }

    #[test]
    fn a_full_buffer_drops_and_counts_or_waits_no_longer_than_its_bound() {
        for overflow in [Overflow::Drop, Overflow::Block(Duration::from_millis(20))] {
            let (sent, _got) = mpsc::channel();
            let (open, gate) = mpsc::channel();
            let worker = Worker::start(Batches { sent, failures: 0, gate: Some(gate) }, 1, 100, overflow).unwrap();
            let line = [b'x'; 50];
            let refused = (0..100).filter(|_| worker.push(0, &line).is_err()).count();
            // Two lines fit; another two while the first batch hangs in the output.
            assert!((96..=98).contains(&refused), "{refused} of 100 lines were refused");
            drop(open);
            worker.close(soon()).unwrap();
        }
    }

    #[test]
    fn closing_gives_up_at_the_deadline_and_says_how_many_lines_are_left() {
        let (sent, _got) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let worker = Worker::start(Batches { sent, failures: 0, gate: Some(gate) }, 1, 1_000, Overflow::Drop).unwrap();
        for _ in 0..7 {
            worker.push(0, b"x\n").unwrap();
        }
        let error = worker.close(Instant::now() + Duration::from_millis(50)).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::TimedOut, "7 lines were not written in time")
        );
        drop(open);
    }
}
