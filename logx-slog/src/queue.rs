//! slog-async with a bound on the wait, exact figures of what is lost, and an end with a deadline.
//!
//! slog-async itself counts a dropped line twice and takes a dead worker for a full queue. Here a line asks for room
//! before it is handed over, so that the queue is never full, and the worker tells when it has written one.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use logx::WriteError;
use slog::{Drain, OwnedKVList};
use slog_async::{AsyncCore, AsyncGuard};

use crate::lines::Lines;

/// What happens to a line that finds the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The caller waits for room, at most so long; then the line is dropped and counted.
    Block(Duration),
    /// The line is dropped and counted at once.
    Drop,
}

/// Lines on their way to a thread of slog-async's.
pub(crate) struct Queue {
    core: AsyncCore,
    guard: Mutex<Option<AsyncGuard>>,
    room: Arc<Room>,
    overflow: Overflow,
}

impl Queue {
    pub(crate) fn start(lines: Lines, capacity: usize, overflow: Overflow) -> Self {
        let capacity = capacity.max(1);
        let room = Arc::new(Room { capacity, state: Mutex::default(), changed: Condvar::new() });
        let worker = Worker { lines, room: Arc::clone(&room) };
        // One more place than lines: the end finds room, too.
        let (core, guard) = AsyncCore::custom(worker).chan_size(capacity + 1).blocking(false).build_with_guard();
        Self { core, guard: Mutex::new(Some(guard)), room, overflow }
    }

    /// Queues a line; one that finds no room is dropped and counted, which is no error.
    pub(crate) fn log(&self, record: &slog::Record<'_>, values: &OwnedKVList) -> Result<(), WriteError> {
        match self.room.take(self.overflow) {
            Taken::Yes => self.core.log(record, values).map_err(|_| {
                self.room.give_back();
                WriteError::other("slog-async's thread has ended")
            }),
            Taken::Full => {
                logx::count_dropped(1);
                Ok(())
            }
            Taken::Closed => Err(WriteError::Closed),
        }
    }

    /// Waits until every line queued before is written.
    pub(crate) fn flush(&self, deadline: Instant) -> Result<(), WriteError> {
        self.room.wait_for_all(deadline)
    }

    /// Takes no more lines and waits for those that are queued; what is left at the deadline is lost and counted.
    pub(crate) fn close(&self, deadline: Instant) -> Result<(), WriteError> {
        let Some(guard) = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        self.room.close();
        let drained = self.room.wait_for_all(deadline);
        match self.room.abandon() {
            0 => drop(guard),
            lost => {
                logx::count_dropped(lost);
                // The worker is stuck in its output: its end must not keep the caller.
                std::thread::spawn(move || drop(guard));
            }
        }
        drained
    }
}

/// slog-async's end of the queue.
struct Worker {
    lines: Lines,
    room: Arc<Room>,
}

impl Drain for Worker {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &slog::Record<'_>, values: &OwnedKVList) -> Result<(), slog::Never> {
        if !self.room.begin() {
            return Ok(());
        }
        // A sink that panics must not end the thread: every later line would be lost.
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.lines.log(record, values)));
        if !matches!(written, Ok(Ok(()))) {
            logx::count_dropped(1);
        }
        self.room.end();
        Ok(())
    }
}

/// Who may queue how much, and how far the worker is.
struct Room {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Lines that were ever let in.
    taken: u64,
    /// Lines that the worker is done with.
    done: u64,
    /// The worker is writing a line.
    writing: bool,
    closed: bool,
    /// What is still queued has been counted as lost.
    abandoned: bool,
    waiting: usize,
}

enum Taken {
    Yes,
    Full,
    Closed,
}

impl UnwindSafe for Room {}
impl RefUnwindSafe for Room {}

impl Room {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, overflow: Overflow) -> Taken {
        let mut state = self.lock();
        let mut deadline = None;
        loop {
            if state.closed {
                return Taken::Closed;
            }
            if state.taken - state.done < self.capacity as u64 {
                state.taken += 1;
                return Taken::Yes;
            }
            let Overflow::Block(limit) = overflow else {
                return Taken::Full;
            };
            let end = *deadline.get_or_insert_with(|| Instant::now() + limit);
            match self.wait(state, end) {
                Ok(again) => state = again,
                Err(_) => return Taken::Full,
            }
        }
    }

    /// Waits for a change; the state in `Err` when the time is over.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        end: Instant,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(state);
        }
        state.waiting += 1;
        let (mut state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        Ok(state)
    }

    fn give_back(&self) {
        self.lock().taken -= 1;
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The worker has a line in hand: whether it is still to be written.
    fn begin(&self) -> bool {
        let mut state = self.lock();
        state.writing = !state.abandoned;
        state.writing
    }

    fn end(&self) {
        let mut state = self.lock();
        state.done += 1;
        state.writing = false;
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn wait_for_all(&self, deadline: Instant) -> Result<(), WriteError> {
        let mut state = self.lock();
        let target = state.taken;
        while state.done < target {
            match self.wait(state, deadline) {
                Ok(again) => state = again,
                Err(state) => {
                    let left = target - state.done;
                    return Err(WriteError::other(format!("{left} lines are not written yet")));
                }
            }
        }
        Ok(())
    }

    /// Gives up the lines that are still queued, but for the one that is being written; gives their number.
    fn abandon(&self) -> u64 {
        let mut state = self.lock();
        state.abandoned = true;
        let queued = state.taken - state.done;
        queued - u64::from(state.writing)
    }
}
