//! Where a test's records are kept, and how they get there.

use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::expect::{Expected, Listing};
use crate::error::WriteError;
use crate::global::{self, Slot};
use crate::level::Kind;
use crate::record::{OwnedRecord, Record};
use crate::writer::Writer;

/// The records of one collector.
#[derive(Clone, Debug, Default)]
struct Records(Arc<Mutex<Vec<OwnedRecord>>>);

impl Records {
    fn lock(&self) -> MutexGuard<'_, Vec<OwnedRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

thread_local! {
    /// The thread's collectors, the innermost last.
    static COLLECTING: RefCell<Vec<Records>> = const { RefCell::new(Vec::new()) };
}

/// The collectors of all threads, and how many there are: most lines need no lock.
static GLOBAL: Mutex<Vec<Records>> = Mutex::new(Vec::new());
static GLOBAL_COUNT: AtomicUsize = AtomicUsize::new(0);

fn change_global(change: impl FnOnce(&mut Vec<Records>)) {
    let mut all = GLOBAL.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut all);
    GLOBAL_COUNT.store(all.len(), Ordering::Release);
}

/// Keeps the records of this thread until it goes; they reach no other writer meanwhile.
#[derive(Debug)]
pub struct Collector {
    records: Records,
    _entered: Entered,
}

/// Collects the lines of this thread (of a test on a current-thread runtime: all of its tasks).
#[must_use = "it collects until it is dropped"]
pub fn collect() -> Collector {
    install_splitter();
    let records = Records::default();
    let entered = Entered::new(&records);
    Collector { records, _entered: entered }
}

impl Collector {
    /// What other threads and tasks log into this collector by.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.records.clone())
    }
}

/// A way into a [`Collector`] for other threads and for tasks that may run on any thread.
///
/// ```
/// let logs = logx::testing::collect();
/// let handle = logs.handle();
/// std::thread::spawn(move || {
///     let _entered = handle.enter();
///     logx::info("from another thread");
/// })
/// .join()
/// .unwrap();
/// logx::assert_logged!(logs, logx::Kind::Info, "from another thread");
/// ```
///
/// A task of a multi-threaded runtime: `tokio::spawn(logs.handle().follow(task))`.
#[derive(Clone, Debug)]
pub struct Handle(Records);

impl Handle {
    /// Collects this thread's lines until the guard goes.
    pub fn enter(&self) -> Entered {
        Entered::new(&self.0)
    }

    /// Collects what `future` logs, on whatever thread it is polled; not what it spawns.
    pub fn follow<F: Future>(&self, future: F) -> Followed<F> {
        Followed { handle: self.clone(), future }
    }
}

/// The thread that made it logs into a collector until it goes.
#[derive(Debug)]
#[must_use = "it collects until it is dropped"]
pub struct Entered {
    records: Records,
    /// Belongs to the thread that made it.
    _thread: PhantomData<*const ()>,
}

impl Entered {
    fn new(records: &Records) -> Self {
        COLLECTING.with(|c| c.borrow_mut().push(records.clone()));
        Self { records: records.clone(), _thread: PhantomData }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The innermost entry of this collector: it may have been entered more than once.
        let _ = COLLECTING.try_with(|c| {
            let mut entered = c.borrow_mut();
            if let Some(at) = entered.iter().rposition(|records| records.is(&self.records)) {
                entered.remove(at);
            }
        });
    }
}

pin_project! {
    /// A future whose lines are collected; made by [`Handle::follow`].
    #[derive(Debug)]
    pub struct Followed<F> {
        handle: Handle,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Followed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.handle.enter();
        this.future.poll(cx)
    }
}

/// Keeps the records of all threads until it goes; they reach no other writer meanwhile. Tests that collect at the same time see
/// each other's lines.
#[derive(Debug)]
pub struct GlobalCollector {
    records: Records,
}

/// Collects the lines of all threads.
#[must_use = "it collects until it is dropped"]
pub fn collect_global() -> GlobalCollector {
    install_splitter();
    let records = Records::default();
    change_global(|all| all.push(records.clone()));
    GlobalCollector { records }
}

impl Drop for GlobalCollector {
    fn drop(&mut self) {
        change_global(|all| all.retain(|records| !records.is(&self.records)));
    }
}

/// Sends lines to the collectors that want them, and the others where they went before.
struct Splitter(Mutex<Option<Arc<dyn Writer>>>);

fn install_splitter() {
    static SPLITTER: Mutex<Option<Arc<dyn Writer>>> = Mutex::new(None);
    let mut splitter = SPLITTER.lock().unwrap_or_else(PoisonError::into_inner);
    let present = match &global::load().writer {
        Slot::Set(writer) => Some(Arc::clone(writer)),
        Slot::Unset | Slot::Closed => None,
    };
    let in_place = |known: &Arc<dyn Writer>| present.as_ref().is_some_and(|writer| Arc::ptr_eq(writer, known));
    if splitter.as_ref().is_some_and(in_place) {
        return;
    }
    // Somebody may have set another writer since: that one is behind the new splitter.
    let new: Arc<dyn Writer> = Arc::new(Splitter(Mutex::new(present)));
    global::replace_writer(Slot::Set(Arc::clone(&new)));
    *splitter = Some(new);
}

impl Splitter {
    /// The writer behind it; a console writer where there was none, as without a collector.
    fn behind(&self) -> Arc<dyn Writer> {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(before.get_or_insert_with(|| Arc::new(crate::NativeWriter::console())))
    }
}

/// Whether a collector keeps the record.
fn keep(record: &Record<'_>) -> bool {
    let mut wanting =
        COLLECTING.try_with(|c| c.borrow().last().cloned()).ok().flatten().into_iter().collect::<Vec<_>>();
    if GLOBAL_COUNT.load(Ordering::Acquire) > 0 {
        wanting.extend(GLOBAL.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
    }
    // Outside of every lock: a value may log while it is rendered.
    let Some((last, others)) = wanting.split_last() else {
        return false;
    };
    let owned = record.to_owned();
    others.iter().for_each(|records| records.lock().push(owned.clone()));
    last.lock().push(owned);
    true
}

impl Writer for Splitter {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        if keep(record) { Ok(()) } else { record.deliver(&*self.behind()) }
    }

    fn flush(&self) -> Result<(), WriteError> {
        self.behind().flush()
    }

    fn close(&self, deadline: std::time::Duration) -> Result<(), WriteError> {
        self.behind().close(deadline)
    }
}

macro_rules! reading {
    ($($collector:ty),*) => { $(
        impl $collector {
            /// The records up to now, in order.
            #[must_use]
            pub fn records(&self) -> Vec<OwnedRecord> {
                self.records.lock().clone()
            }

            /// The records up to now, which are forgotten.
            #[must_use]
            pub fn take(&self) -> Vec<OwnedRecord> {
                std::mem::take(&mut *self.records.lock())
            }

            /// The only record of this kind whose text contains `text`.
            ///
            /// # Panics
            /// When there is none or more than one; the message shows what was logged.
            #[track_caller]
            #[must_use]
            pub fn one(&self, kind: Kind, text: &str) -> OwnedRecord {
                let records = self.records();
                let expected = Expected::new(kind, text);
                let found: Vec<_> = records.iter().filter(|record| expected.matches(record)).collect();
                match found.as_slice() {
                    [record] => (*record).clone(),
                    [] => panic!("{}", expected.missing(&records)),
                    several => panic!("{} lines are {expected}; logged were:\n{}", several.len(), Listing(&records)),
                }
            }
        }
    )* };
}
reading!(Collector, GlobalCollector);
