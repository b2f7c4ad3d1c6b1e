//! Last lines at the end of a process: after a panic, and at a signal.

use crate::level::Kind;
use crate::value::Value;

/// Logs every panic as severe with its place and stack and flushes, before the hook that was there runs.
///
/// Panics of values and writers that logx itself catches are not logged.
pub fn install_panic_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !crate::encode::guard::is_rendering() {
            let place = info.location().map(|at| crate::Caller::from(at).to_text()).unwrap_or_default();
            let thread = std::thread::current();
            let text = format!("thread '{}' panicked at {place}: {}", thread.name().unwrap_or("?"), payload(info));
            crate::logger().log_value(Kind::Severe, Value::Str(&text), &[]);
            // The process may be about to abort; what is lost now was counted.
            let _ = crate::flush();
        }
        before(info);
    }));
}

fn payload<'a>(info: &'a std::panic::PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("a value that is no text")
}

/// Flushes and closes logging at SIGTERM, SIGINT, SIGHUP or SIGQUIT, and lets the signal end the process as it would have.
///
/// For programs without a shutdown of their own; services end in an orderly way and call [`close`](crate::close()).
///
/// # Errors
/// When the signals cannot be watched.
#[cfg(all(feature = "signal", unix))]
pub fn flush_on_signal() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    std::thread::Builder::new().name("logx-signals".into()).spawn(move || {
        for signal in signals.forever() {
            let _ = crate::close();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(())
}
