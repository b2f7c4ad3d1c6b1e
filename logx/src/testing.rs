//! For tests: collectors that keep records, not bytes.
//!
//! [`collect`] sees the lines of the thread that made it, so tests can run side by side; [`collect_global`] takes the
//! writer's place and sees the lines of all threads.

#[doc(hidden)]
pub mod hostile;

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dispatch::Call;
use crate::error::WriteError;
use crate::field::Field;
use crate::global::{self, Slot};
use crate::level::Kind;
use crate::record::{OwnedRecord, Record};
use crate::value::Value;
use crate::writer::Writer;

type Records = Arc<Mutex<Vec<OwnedRecord>>>;

thread_local! {
    static COLLECTING: RefCell<Vec<Records>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the records of this thread until it goes; they reach no other writer meanwhile.
#[derive(Debug)]
pub struct Collector {
    records: Records,
    /// Belongs to the thread that made it.
    _thread: PhantomData<*const ()>,
}

/// Collects the lines of this thread (of a test on a current-thread runtime: all of its tasks).
#[must_use = "it collects until it is dropped"]
pub fn collect() -> Collector {
    install_splitter();
    let records = Records::default();
    COLLECTING.with(|c| c.borrow_mut().push(Arc::clone(&records)));
    Collector { records, _thread: PhantomData }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = COLLECTING.try_with(|c| c.borrow_mut().retain(|r| !Arc::ptr_eq(r, &self.records)));
    }
}

/// Keeps the records of all threads until it goes; then the writer from before is back.
#[derive(Debug)]
pub struct GlobalCollector {
    records: Records,
    before: Option<Arc<dyn Writer>>,
}

/// Collects the lines of all threads.
#[must_use = "it collects until it is dropped"]
pub fn collect_global() -> GlobalCollector {
    let records = Records::default();
    let before = global::replace_writer(Slot::Set(Arc::new(Keeper(Arc::clone(&records)))));
    GlobalCollector { records, before }
}

impl Drop for GlobalCollector {
    fn drop(&mut self) {
        global::replace_writer(self.before.take().map_or(Slot::Unset, Slot::Set));
    }
}

struct Keeper(Records);

impl Writer for Keeper {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.to_owned());
        Ok(())
    }
}

/// Sends a thread's lines to its collector, if it has one, and the others where they went before.
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

impl Writer for Splitter {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        let kept = COLLECTING.try_with(|c| {
            c.borrow()
                .last()
                .map(|r| r.lock().unwrap_or_else(PoisonError::into_inner).push(record.to_owned()))
                .is_some()
        });
        if matches!(kept, Ok(true)) {
            return Ok(());
        }
        record.deliver(&*self.behind())
    }

    fn flush(&self) -> Result<(), WriteError> {
        self.behind().flush()
    }

    fn close(&self, deadline: std::time::Duration) -> Result<(), WriteError> {
        self.behind().close(deadline)
    }
}

/// Everything as at the start of the process: levels, key names, global fields, no writer, no set-up. Gives the writer
/// that was there back, still open. For tests that set logging up more than once; they must not run side by side.
pub fn reset() -> Option<Arc<dyn Writer>> {
    crate::api::reset_all()
}

/// Puts `writer` in the place of the present one and gives that back, still open, in one step.
pub fn swap_writer(writer: impl Writer + 'static) -> Option<Arc<dyn Writer>> {
    global::replace_writer(Slot::Set(Arc::new(writer)))
}

/// Makes a record under the process's formats and hands it to `use_it`: to test a [`Writer`] by itself.
#[track_caller]
pub fn with_record<R>(kind: Kind, text: &str, fields: &[Field<'_>], use_it: impl FnOnce(&Record<'_>) -> R) -> R {
    let state = global::load();
    let call = Call {
        kind,
        content: Value::Str(text),
        literal: None,
        site: None,
        values: &[],
        fields,
        log: None,
        caller: Some(std::panic::Location::caller().into()),
        target: None,
        time: None,
        context: None,
    };
    use_it(&Record {
        call: &call,
        time: std::time::SystemTime::now(),
        globals: &state.globals,
        context: None,
        ids: None,
        format: &state.format,
        thread: None,
    })
}

macro_rules! reading {
    ($($collector:ty),*) => { $(
        impl $collector {
            /// The records up to now, in order.
            #[must_use]
            pub fn records(&self) -> Vec<OwnedRecord> {
                self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }

            /// The records up to now, which are forgotten.
            #[must_use]
            pub fn take(&self) -> Vec<OwnedRecord> {
                std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
            }

            /// The only record of this kind whose text contains `text`.
            ///
            /// # Panics
            /// When there is none or more than one; the message shows what was logged.
            #[track_caller]
            #[must_use]
            pub fn one(&self, kind: Kind, text: &str) -> OwnedRecord {
                let records = self.records();
                let mut found = records.iter().filter(|r| r.kind == kind && r.text().contains(text));
                match (found.next(), found.next()) {
                    (Some(record), None) => record.clone(),
                    (first, _) => panic!(
                        "{} {kind} lines contain {text:?}; logged were:\n{}",
                        if first.is_some() { "several" } else { "no" },
                        Listing(&records)
                    ),
                }
            }
        }
    )* };
}
reading!(Collector, GlobalCollector);

/// Records as a readable list.
pub struct Listing<'a>(pub &'a [OwnedRecord]);

impl fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("  (nothing)");
        }
        for record in self.0 {
            write!(f, "  {} {} {:?}", record.kind, record.caller, record.text())?;
            for field in &record.fields {
                write!(f, " {}={}", field.key, field.value.to_json())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
