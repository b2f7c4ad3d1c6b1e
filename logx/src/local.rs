//! What each thread keeps for itself: its copy of the snapshot, its context frame, its counters, its buffer, the text of
//! the present second. One thread-local for all of it: each access to another one costs as much as what it holds.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bridge::Made;
use crate::context::Context;
use crate::encode::time::Stamp;
use crate::global::{self, State};
use crate::health::ThreadCounters;

/// One thread's own state.
pub(crate) struct Thread {
    generation: Cell<u64>,
    state: RefCell<Option<Arc<State>>>,
    context: RefCell<Option<Context>>,
    /// How many lines this thread is inside of.
    depth: Cell<u32>,
    counters: Arc<ThreadCounters>,
    /// The line's bytes; taken while a line is encoded, so that a nested line gets one of its own.
    buffer: Cell<Vec<u8>>,
    /// The memory of a line that is rendered for a foreign logger; taken in the same way.
    made: Cell<Option<Box<Made>>>,
    stamp: Stamp,
    token: u64,
}

thread_local! {
    static THREAD: Thread = Thread::new();
    /// Has nothing to drop, so that a thread keeps it to its very end.
    static TOKEN: Cell<u64> = const { Cell::new(NO_TOKEN) };
}

/// The token of no thread.
pub(crate) const NO_TOKEN: u64 = 0;

/// A number of the running thread's own.
pub(crate) fn token() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_TOKEN + 1);
    TOKEN.with(|token| {
        if token.get() == NO_TOKEN {
            token.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        token.get()
    })
}

/// A buffer that grew beyond this for one long line is given back.
const KEEP_BYTES: usize = 16 * 1024;

impl std::fmt::Debug for Thread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Thread").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Runs `f` with the thread's own state; `None` when the thread is ending and has none any more.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Thread) -> R) -> Option<R> {
    THREAD.try_with(f).ok()
}

/// Runs `f` with an empty buffer that is kept for the thread's next line.
#[inline]
pub(crate) fn with_buffer<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut buffer = with(Thread::take_buffer).unwrap_or_default();
    let result = f(&mut buffer);
    let _ = with(|thread| thread.keep_buffer(buffer));
    result
}

/// Whether this thread is inside of a line.
pub(crate) fn is_inside() -> bool {
    with(|thread| thread.depth.get() > 0).unwrap_or(false)
}

/// The thread's context frame.
pub(crate) fn context() -> Option<Context> {
    with(Thread::context).flatten()
}

/// Sets the thread's context frame and gives the one before.
pub(crate) fn set_context(context: Option<Context>) -> Option<Context> {
    with(|thread| thread.context.replace(context)).flatten()
}

/// Counts bytes that a sink took.
#[inline]
pub(crate) fn count_bytes(n: usize) {
    if with(|thread| thread.counters.count_bytes(n)).is_none() {
        crate::health::count_bytes_without_thread(n);
    }
}

impl Thread {
    fn new() -> Self {
        Self {
            generation: Cell::new(0),
            state: RefCell::new(None),
            context: RefCell::new(None),
            depth: Cell::new(0),
            counters: ThreadCounters::register(),
            buffer: Cell::new(Vec::new()),
            made: Cell::new(None),
            stamp: Stamp::new(),
            token: token(),
        }
    }

    /// A number of the thread's own.
    #[inline]
    pub(crate) fn token(&self) -> u64 {
        self.token
    }

    /// The text of the present second.
    #[inline]
    pub(crate) fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// An empty buffer; to be given back for the thread's next line.
    #[inline]
    pub(crate) fn take_buffer(&self) -> Vec<u8> {
        let mut buffer = self.buffer.take();
        buffer.clear();
        buffer
    }

    #[inline]
    pub(crate) fn keep_buffer(&self, buffer: Vec<u8>) {
        if buffer.capacity() <= KEEP_BYTES {
            self.buffer.set(buffer);
        }
    }

    #[inline]
    pub(crate) fn take_made(&self) -> Option<Box<Made>> {
        self.made.take()
    }

    #[inline]
    pub(crate) fn keep_made(&self, made: Box<Made>) {
        self.made.set(Some(made));
    }

    #[inline]
    pub(crate) fn counters(&self) -> &ThreadCounters {
        &self.counters
    }

    #[inline]
    pub(crate) fn context(&self) -> Option<Context> {
        self.context.try_borrow().ok().and_then(|c| c.clone())
    }

    /// One line deeper; `None` beyond `max` nested ones.
    #[inline]
    pub(crate) fn enter(&self, max: u32) -> Option<Inside<'_>> {
        let depth = self.depth.get();
        if depth > max {
            return None;
        }
        self.depth.set(depth + 1);
        Some(Inside(&self.depth))
    }

    /// Runs `f` with the newest snapshot, at the cost of one load while it does not change.
    #[inline]
    pub(crate) fn with_state<R>(&self, f: impl FnOnce(&State) -> R) -> R {
        let generation = global::generation();
        if self.generation.get() != generation {
            // A line that is being rendered holds the old copy; a line nested in it reads the new one past it.
            let Ok(mut state) = self.state.try_borrow_mut() else {
                return f(&global::load());
            };
            let old = state.replace(global::load());
            self.generation.set(generation);
            drop(state);
            // The old writer may log when it goes, or panic.
            let _ = crate::encode::guard::writer(|| drop(old));
        }
        match self.state.try_borrow() {
            Ok(state) => match &*state {
                Some(state) => f(state),
                None => f(&global::load()),
            },
            Err(_) => f(&global::load()),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.counters.retire();
    }
}

/// Inside a line; one less when it goes.
pub(crate) struct Inside<'a>(&'a Cell<u32>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
