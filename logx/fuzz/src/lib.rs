//! Any bytes as a record full of hostile values, through every backend: always one whole line, and the same from each.

mod backends;
mod node;
mod source;

use logx::{Context, Event, Field, Key, Kind, Writer};

use crate::backends::Backends;
use crate::source::Source;

thread_local! {
    /// Made once: tracing looks at every call-site again for each new subscriber.
    static BACKENDS: Backends = Backends::new();
}

/// Checks the record that `data` describes.
///
/// # Panics
/// When a line breaks or differs from the native one, or a call does not come back.
pub fn check(data: &[u8]) {
    BACKENDS.with(|backends| {
        log(&mut Source(data), backends.writer());
        backends.check();
    });
}

/// Logs the record through `writer`.
fn log(source: &mut Source<'_>, writer: &dyn Writer) {
    let kind = Kind::ALL[source.below(Kind::ALL.len())];
    let content = source.node(0);
    let fields = source.fields();
    let mut context = Context::new().with_fields(source.owned_fields());
    if source.flag() {
        context = context.with_trace(source.text());
    }
    if source.flag() {
        context = context.with_span(source.text());
    }
    let mut logger = logx::with_fields(source.owned_fields());
    if source.flag() {
        logger = logger.with_duration_nanos(source.number() as i64);
    }
    let caller = source.text();
    let fields: Vec<Field<'_>> =
        fields.iter().map(|(key, node)| Field { key: Key::Dyn(key), value: node.value() }).collect();
    Event::new(kind, content.value())
        .fields(&fields)
        .logger(&logger)
        .context(&context)
        .caller(logx::Caller::Text(&caller))
        .write_to(writer);
}
