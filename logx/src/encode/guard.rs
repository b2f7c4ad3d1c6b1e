//! Foreign code runs here: what panics or fails becomes a marked value, and the caller never knows.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::health;
use crate::owned::OwnedValue;
use crate::sensitive::Sensitive;

/// In front of the text that stands for a value whose code panicked.
const PANIC_MARK: &str = "!panic: ";
/// In front of the text that stands for a value that reported an error.
const ERROR_MARK: &str = "!error: ";

thread_local! {
    /// Whether this thread runs foreign code for a line: the panic hook stays silent meanwhile.
    static RENDERING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `render`; on a failure gives the text to print instead of the value, counted in the health figures.
pub(crate) fn run<E: std::fmt::Display>(render: impl FnOnce() -> Result<(), E>) -> Result<(), String> {
    quiet_hook();
    let before = RENDERING.try_with(|r| r.replace(true)).unwrap_or(true);
    let result = catch_unwind(AssertUnwindSafe(render)).map_err(
        #[cold]
        |payload| {
            health::count_panic();
            let text = format!("{PANIC_MARK}{}", payload_text(&*payload));
            drop_payload(payload);
            text
        },
    );
    let _ = RENDERING.try_with(|r| r.set(before));
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            health::count_bad_value();
            Err(format!("{ERROR_MARK}{error}"))
        }
        Err(mark) => Err(mark),
    }
}

/// The text for a value that JSON has no form for.
pub(crate) fn unprintable(what: &str) -> String {
    health::count_bad_value();
    format!("{ERROR_MARK}{what}")
}

/// A sensitive value's mask; one that panics masks everything.
pub(crate) fn mask_of(value: &dyn Sensitive) -> OwnedValue {
    let mut mask = OwnedValue::Null;
    let done = run(|| -> Result<(), std::fmt::Error> {
        mask = value.mask();
        Ok(())
    });
    match done {
        Ok(()) => mask,
        // The panic's text might quote the secret.
        Err(_) => OwnedValue::text(crate::sensitive::MASK),
    }
}

/// Whether this thread is running foreign code for a line.
pub(crate) fn is_rendering() -> bool {
    RENDERING.try_with(Cell::get).unwrap_or(false)
}

/// Runs a writer's code; gives the panic's text if it panicked.
pub(crate) fn writer<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(
        #[cold]
        |payload| {
            health::count_panic();
            let text = payload_text(&*payload).to_owned();
            drop_payload(payload);
            text
        },
    )
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text")
}

/// A payload's own Drop may panic as well; then what is left of it is given up.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked: &'static mut (dyn Any + Send) = Box::leak(second);
    }
}

/// Puts a hook in front of the present one that says nothing while a value is rendered.
fn quiet_hook() {
    static INSTALL: Once = Once::new();
    // The hook cannot be changed by a thread that panics; another line will do it.
    if INSTALL.is_completed() || std::thread::panicking() {
        return;
    }
    INSTALL.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !is_rendering() {
                before(info);
            }
        }));
    });
}
