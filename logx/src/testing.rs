//! For tests: collectors that keep records, not bytes, and assertions that show what was logged instead.
//!
//! [`collect`] sees the lines of the thread that made it, so tests can run side by side; a [`Handle`] lets further threads and
//! tasks log into it. [`collect_global`] sees the lines of all threads.
//!
//! ```
//! use logx::Kind;
//!
//! let logs = logx::testing::collect();
//! logx::info!(uid = 7; "registered {}", "ann");
//!
//! logx::assert_logged!(logs, Kind::Info, "registered", uid = 7);
//! logx::assert_not_logged!(logs, Kind::Error);
//! ```

mod collector;
mod expect;
#[doc(hidden)]
pub mod hostile;

use std::sync::Arc;

pub use collector::{Collector, Entered, Followed, GlobalCollector, Handle, collect, collect_global};
pub use expect::{Expected, Listing};
#[doc(hidden)]
pub use expect::{all_logged, logged, not_logged};

use crate::dispatch::Call;
use crate::field::Field;
use crate::global::{self, Slot};
use crate::level::Kind;
use crate::record::Record;
use crate::value::Value;
use crate::writer::Writer;

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
