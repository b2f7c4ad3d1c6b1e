//! tracing's global dispatcher can be set once a process. This one hands everything to the subscriber that is switched
//! on: an atomic load and a virtual call beside a global subscriber of its own.

use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, SetGlobalDefaultError};
use tracing::{Event, Metadata, Subscriber};

type Boxed = Box<dyn Subscriber + Send + Sync>;

static ACTIVE: AtomicUsize = AtomicUsize::new(0);

struct Switch(Vec<Boxed>);

/// Makes `subscribers` the process's; number 0 is on.
pub fn install(subscribers: Vec<Boxed>) -> Result<(), SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(Switch(subscribers))
}

/// Switches to the subscriber number `slot`. Spans of another one must not be open.
pub fn switch_to(slot: usize) {
    ACTIVE.store(slot, Ordering::Relaxed);
}

impl Switch {
    #[inline]
    fn active(&self) -> &Boxed {
        &self.0[ACTIVE.load(Ordering::Relaxed)]
    }
}

impl Subscriber for Switch {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        for subscriber in &self.0 {
            let _ = subscriber.register_callsite(metadata);
        }
        if *metadata.level() <= LevelFilter::INFO { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.active().enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.active().new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.active().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.active().record_follows_from(span, follows);
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.active().event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.active().event(event);
    }

    fn enter(&self, span: &Id) {
        self.active().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.active().exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.active().clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.active().try_close(id)
    }

    fn current_span(&self) -> tracing_core::span::Current {
        self.active().current_span()
    }

    #[allow(unsafe_code, reason = "the trait asks for it: layers find their registry this way")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        // SAFETY: the pointer is the active subscriber's own answer, which lives as long as `self`.
        unsafe { self.active().downcast_raw(id) }
    }
}
