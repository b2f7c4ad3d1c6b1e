//! Context: the trace and span ids and the fields that all lines of one request share.
//!
//! A context is a value that a program passes on, or a frame that logx keeps for the running thread: [`scope`] for
//! a closure, [`instrument`] for a future (set for each poll, so it follows the task from thread to thread).
//! logx itself knows no async runtime and no OpenTelemetry; a [`ContextSource`] can supply the ids of one.
//!
//! Order: a logger's `with_context`, then the frame, then the source.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use crate::fields::FieldList;
use crate::local;
use crate::owned::OwnedField;

/// The ids and fields that all lines of one request share. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Context(Arc<Inner>);

#[derive(Clone, Debug, Default)]
struct Inner {
    trace: Option<Box<str>>,
    span: Option<Box<str>>,
    fields: FieldList,
}

impl Context {
    /// A context with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The frame of the running thread; empty outside any [`scope`] and [`instrument`].
    #[must_use]
    pub fn current() -> Self {
        local::context().unwrap_or_default()
    }

    /// The same with this trace id: 32 lower-case hex digits by convention, printed under `trace`.
    #[must_use]
    pub fn with_trace(mut self, trace: impl Into<Box<str>>) -> Self {
        Arc::make_mut(&mut self.0).trace = Some(trace.into());
        self
    }

    /// The same with this span id: 16 lower-case hex digits by convention, printed under `span`.
    #[must_use]
    pub fn with_span(mut self, span: impl Into<Box<str>>) -> Self {
        Arc::make_mut(&mut self.0).span = Some(span.into());
        self
    }

    /// The same with these fields added. A context's fields win over all others (go-zero's `ContextWithFields`).
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = impl Into<OwnedField>>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.fields = inner.fields.with(fields);
        self
    }

    /// The same with this field added.
    #[must_use]
    pub fn with_field(self, key: impl Into<Box<str>>, value: impl Into<crate::OwnedValue>) -> Self {
        self.with_fields([OwnedField::new(key, value)])
    }

    /// The trace id.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.0.trace.as_deref()
    }

    /// The span id.
    #[must_use]
    pub fn span(&self) -> Option<&str> {
        self.0.span.as_deref()
    }

    #[inline]
    pub(crate) fn fields(&self) -> &FieldList {
        &self.0.fields
    }
}

/// Runs `f` with `context` as the thread's frame; the frame before comes back afterwards, also after a panic.
pub fn scope<R>(context: &Context, f: impl FnOnce() -> R) -> R {
    let _frame = Frame::enter(context.clone());
    f()
}

/// Puts the former frame back when it goes.
struct Frame(Option<Context>);

impl Frame {
    fn enter(context: Context) -> Self {
        Self(local::set_context(Some(context)))
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        local::set_context(self.0.take());
    }
}

/// Runs every poll of `future` with `context` as the thread's frame.
pub fn instrument<F: Future>(context: Context, future: F) -> InContext<F> {
    InContext { context, future }
}

pin_project! {
    /// A future that runs in a context; made by [`instrument`].
    #[derive(Debug)]
    pub struct InContext<F> {
        context: Context,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _frame = Frame::enter(this.context.clone());
        this.future.poll(cx)
    }
}

/// `.in_log_context(context)` on any future.
pub trait InLogContext: Future + Sized {
    /// Runs every poll with `context` as the thread's frame.
    fn in_log_context(self, context: Context) -> InContext<Self> {
        instrument(context, self)
    }
}

impl<F: Future> InLogContext for F {}

/// The ids of a trace and a span as the text that a line prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceIds {
    trace: [u8; 32],
    span: [u8; 16],
}

impl TraceIds {
    /// From the numbers that OpenTelemetry uses.
    #[must_use]
    pub fn new(trace: u128, span: u64) -> Self {
        let mut ids = Self { trace: [0; 32], span: [0; 16] };
        for (i, digit) in ids.trace.iter_mut().enumerate() {
            *digit = hex((trace >> (124 - 4 * i)) as u8);
        }
        for (i, digit) in ids.span.iter_mut().enumerate() {
            *digit = hex((span >> (60 - 4 * i)) as u8);
        }
        ids
    }

    /// 32 lower-case hex digits.
    #[must_use]
    pub fn trace(&self) -> &str {
        std::str::from_utf8(&self.trace).unwrap_or_default()
    }

    /// 16 lower-case hex digits.
    #[must_use]
    pub fn span(&self) -> &str {
        std::str::from_utf8(&self.span).unwrap_or_default()
    }
}

const fn hex(nibble: u8) -> u8 {
    match nibble & 15 {
        n @ 0..10 => b'0' + n,
        n => b'a' + n - 10,
    }
}

/// Where ids come from when a line has neither a logger's context nor a frame: OpenTelemetry, tracing.
pub trait ContextSource: Send + Sync {
    /// The ids of the span that is active on this thread.
    fn ids(&self) -> Option<TraceIds>;
}

static SOURCE: OnceLock<Box<dyn ContextSource>> = OnceLock::new();

/// Sets the source of ids for the process. The first one stays.
///
/// # Errors
/// Gives the source back when there is one already.
pub fn set_context_source(source: Box<dyn ContextSource>) -> Result<(), Box<dyn ContextSource>> {
    SOURCE.set(source)
}

#[inline]
pub(crate) fn source_ids() -> Option<TraceIds> {
    SOURCE.get().and_then(|source| crate::encode::guard::writer(|| source.ids()).ok().flatten())
}
