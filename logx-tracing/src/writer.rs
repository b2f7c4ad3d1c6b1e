//! logx -> tracing.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logx::bridge::Rendered;
use logx::sink::{self, Sink};
use logx::{Encoding, LogConf, Record, SetUpError, WriteError, Writer};
use tracing_core::{Dispatch, Event, LevelFilter, dispatcher};

use crate::callsite::{self, Site};
use crate::event::{Shape, with_event};
use crate::lines::{self, Lines};

/// A logx writer whose lines are tracing events.
pub struct TracingWriter {
    end: End,
    closed: AtomicBool,
}

enum End {
    /// Our own subscriber, which belongs to this writer alone.
    Lines { dispatch: Dispatch, sink: Arc<dyn Sink> },
    /// One that the program gave.
    Given(Dispatch),
    /// The one that is in force on the thread.
    Current,
}

impl TracingWriter {
    /// The writer that a configuration describes: events for a subscriber of its own, which prints them to logx's sinks.
    ///
    /// # Errors
    /// A directory or file that cannot be opened, or a key that is missing.
    pub fn from_conf(conf: &LogConf) -> Result<Self, SetUpError> {
        Ok(Self::with_sink(sink::open(conf)?, conf.encoding))
    }

    /// Lines of an encoding to a sink of logx's.
    #[must_use]
    pub fn with_sink(sink: Arc<dyn Sink>, encoding: Encoding) -> Self {
        let dispatch = Dispatch::new(Lines { sink: Arc::clone(&sink), encoding });
        Self::of(End::Lines { dispatch, sink })
    }

    /// JSON lines of all kinds to `out`, one `write` a line.
    pub fn json(out: impl io::Write + Send + 'static) -> Self {
        Self::with_sink(sink::stream(out), Encoding::Json)
    }

    /// Events for the program's own subscriber, the one that is in force where the line is logged: every field under
    /// its own key with its type, the content as the message, the logx level word under `level`, and of severe lines
    /// and stacks what follows the first line under `stack`. The subscriber's filters hold.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a writer without a subscriber is nobody's default")]
    pub fn new() -> Self {
        Self::of(End::Current)
    }

    /// As [`new`](Self::new), for this subscriber alone.
    #[must_use]
    pub fn with_subscriber(subscriber: impl Into<Dispatch>) -> Self {
        Self::of(End::Given(subscriber.into()))
    }

    fn of(end: End) -> Self {
        Self { end, closed: AtomicBool::new(false) }
    }
}

impl fmt::Debug for TracingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TracingWriter")
    }
}

impl Writer for TracingWriter {
    fn write(&self, record: &Record<'_>) -> Result<(), WriteError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(WriteError::Closed);
        }
        // Cheaper than rendering a line that nobody wants. It is the thread's subscriber that tracing asks for this level
        // when there is only one in the process: one of our own may want more.
        if matches!(self.end, End::Current) && callsite::level_of(record.kind()) > LevelFilter::current() {
            return Ok(());
        }
        Rendered::with(record, |line| match &self.end {
            End::Lines { dispatch, .. } => {
                with_event(record, line, Shape::All, |_, event| dispatch.event(event));
                lines::take_outcome()
            }
            End::Given(dispatch) => {
                with_event(record, line, Shape::Foreign, |site, event| offer(dispatch, site, event));
                Ok(())
            }
            End::Current => {
                with_event(record, line, Shape::Foreign, |site, event| {
                    dispatcher::get_default(|dispatch| offer(dispatch, site, event));
                });
                Ok(())
            }
        })
    }

    fn flush(&self) -> Result<(), WriteError> {
        match &self.end {
            End::Lines { sink, .. } => Ok(sink.flush()?),
            End::Given(_) | End::Current => Ok(()),
        }
    }

    fn close(&self, deadline: Duration) -> Result<(), WriteError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        match &self.end {
            End::Lines { sink, .. } => Ok(sink.close(deadline)?),
            End::Given(_) | End::Current => Ok(()),
        }
    }
}

/// Asks first, as tracing's macros do: filters of single layers keep their verdict until the event comes. A call-site's
/// `never` is not believed: where there is one subscriber, tracing asks that of the thread instead, which may be none.
fn offer(dispatch: &Dispatch, site: &'static Site, event: &Event<'_>) {
    if site.is_always() || dispatch.enabled(site.metadata()) {
        dispatch.event(event);
    }
}
