//! A writer of one's own, beside logx's: `cargo run -p logx --example 05_own_writer`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use logx::{Record, WriteError, Writer};

/// Counts alerts, for a pager; takes no other line.
struct Pager(Arc<AtomicU64>);

impl Writer for Pager {
    fn write(&self, _record: &Record<'_>) -> Result<(), WriteError> {
        Ok(())
    }

    // Only this kind matters here; the others come down to `write`.
    fn alert(&self, record: &Record<'_>) -> Result<(), WriteError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        // All of a line is in its record: kind, time, content, fields, caller, ids.
        record.for_each_field(&mut |key, value| {
            let _ = (key, value);
        });
        Ok(())
    }
}

fn main() {
    let alerts = Arc::new(AtomicU64::new(0));
    logx::set_writer(logx::Stream::new(std::io::stdout()));
    logx::add_writer(Pager(Arc::clone(&alerts)));
    // A closure is a writer too; one that fails or panics harms nobody.
    logx::add_writer(logx::from_fn(|_| Err(WriteError::other("no connection"))));

    logx::info("to stdout");
    logx::alert("to stdout and to the pager");

    let health = logx::health();
    logx::info!(alerts = alerts.load(Ordering::Relaxed), write_errors = health.write_errors; "done");
}
