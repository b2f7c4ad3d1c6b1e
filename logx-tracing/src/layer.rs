//! tracing -> logx, and tracing -> logx's lines.

use std::io;
use std::sync::Arc;

use logx::{Caller, Context, Encoding, Event as Line, Kind, Log, LogConf, NativeWriter, Value, Writer, bridge, sink};
use tracing_core::dispatcher::{SetGlobalDefaultError, set_global_default};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Dispatch, Event, Interest, Level, LevelFilter, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::callsite::kind_of;
use crate::ids::Ids;
use crate::levels::Levels;
use crate::sites;
use crate::span::SpanFields;
use crate::splice;
use crate::visit::Collected;

/// A layer that brings tracing's events into logx, or prints them as logx's lines.
///
/// An event's own fields win over those of its span, a span's over those of the spans around it; all stand flat in the
/// line. Level trace and debug become debug, the others what they are called. The target and the place are the event's.
/// With the feature `opentelemetry`, the ids of tracing-opentelemetry's spans stand under `trace` and `span`.
///
/// [`LogxLayer::new`] lets warnings and errors through; [`with_level`](Self::with_level) and
/// [`with_target_level`](Self::with_target_level) say otherwise. Events that come from logx itself, through a
/// [`TracingWriter`](crate::TracingWriter), do not go into logx again.
#[derive(Debug)]
pub struct LogxLayer {
    levels: Levels,
    /// Where lines go instead of into logx.
    writer: Option<Arc<dyn Writer>>,
    ids: Ids,
}

/// A layer that prints every event that its subscriber lets through as a logx line: JSON to stdout, errors to stderr.
#[must_use]
pub fn json() -> LogxLayer {
    LogxLayer::printing(NativeWriter::console())
}

/// As [`json`], to `out`: one `write` a line.
pub fn json_to(out: impl io::Write + Send + 'static) -> LogxLayer {
    LogxLayer::printing(NativeWriter::new(sink::stream(out), Encoding::Json))
}

impl Default for LogxLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl LogxLayer {
    /// A layer that brings warnings and errors into logx, whose own levels hold as well.
    #[must_use]
    pub fn new() -> Self {
        Self { levels: Levels::new(LevelFilter::WARN), writer: None, ids: Ids::default() }
    }

    /// As [`new`](Self::new), with the levels that a configuration's `Levels` gives to targets.
    #[must_use]
    pub fn from_conf(conf: &LogConf) -> Self {
        conf.levels
            .iter()
            .fold(Self::new(), |layer, (target, level)| layer.with_target_level(target, crate::levels::of_conf(*level)))
    }

    /// A layer that hands a line of every event to `writer`, whatever logx itself is set up to do.
    #[must_use]
    pub fn printing(writer: impl Writer + 'static) -> Self {
        Self { levels: Levels::new(LevelFilter::TRACE), writer: Some(Arc::new(writer)), ids: Ids::default() }
    }

    /// The same, for events at `level` and above.
    #[must_use]
    pub fn with_level(mut self, level: LevelFilter) -> Self {
        self.levels.set_threshold(level);
        self
    }

    /// The same, with a level for a target and the modules below it; the longest match holds.
    #[must_use]
    pub fn with_target_level(mut self, target: &str, level: LevelFilter) -> Self {
        self.levels.set_target(target, level);
        self
    }

    /// Makes a subscriber of this layer alone the process's. Events that do not pass cost next to nothing there, as do
    /// spans below info, whose fields are not kept.
    ///
    /// # Errors
    /// When the process has a subscriber already.
    pub fn init(self) -> Result<(), SetGlobalDefaultError> {
        let levels = self.levels.clone();
        let highest = levels.highest().max(LevelFilter::INFO);
        let wanted = FilterFn::new(move |metadata: &Metadata<'_>| {
            levels.passes(metadata) || (metadata.is_span() && *metadata.level() <= Level::INFO)
        });
        let layer = self.with_filter(wanted.with_max_level_hint(highest));
        set_global_default(Dispatch::new(tracing_subscriber::registry().with(layer)))
    }

    /// An event of somebody else.
    fn write_foreign(&self, event: &Event<'_>, kind: Kind, log: Option<&Log>, context: Option<&Context>) {
        Collected::with(event, false, |collected| {
            let content = Value::Str(collected.message());
            if let Some(site) = sites::of(event.metadata(), kind)
                && collected.has_all_of(site.keys())
            {
                return collected.with_values(|values| self.hand_over(Line::at(site, content, values), log, context));
            }
            let line = Line::new(kind, content).caller(place_of(event.metadata())).target(event.metadata().target());
            collected.with_fields(|fields| self.hand_over(line.fields(fields), log, context));
        });
    }

    /// A line of logx's, which brings its own place and ids.
    fn write_own(&self, event: &Event<'_>, kind: Kind, log: Option<&Log>, context: Option<&Context>) {
        Collected::with(event, true, |collected| {
            let caller = collected.caller().map_or_else(|| place_of(event.metadata()), Caller::Text);
            let own_context = collected.context();
            let line =
                Line::new(kind, Value::Str(collected.message())).caller(caller).target(event.metadata().target());
            let context = own_context.as_ref().or(context);
            collected.with_fields(|fields| match collected.object().map(splice::members) {
                None => self.hand_over(line.fields(fields), log, context),
                Some(members) => {
                    let all: Vec<_> = fields.iter().copied().chain(splice::as_fields(&members)).collect();
                    self.hand_over(line.fields(&all), log, context);
                }
            });
        });
    }

    fn hand_over<'a>(&self, mut line: Line<'a>, log: Option<&'a Log>, context: Option<&'a Context>) {
        if let Some(log) = log {
            line = line.logger(log);
        }
        if let Some(context) = context {
            line = line.context(context);
        }
        match &self.writer {
            Some(writer) => line.write_to(&**writer),
            None => line.log(),
        }
    }
}

fn place_of<'a>(metadata: &Metadata<'a>) -> Caller<'a> {
    match (metadata.file(), metadata.line()) {
        (Some(file), Some(line)) => Caller::Place { file, line, package: "" },
        _ => Caller::UNKNOWN,
    }
}

/// logx's kind for an event of somebody else.
const fn foreign_kind(level: &Level) -> Kind {
    match *level {
        Level::ERROR => Kind::Error,
        Level::WARN => Kind::Warn,
        Level::INFO => Kind::Info,
        _ => Kind::Debug,
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogxLayer {
    fn on_register_dispatch(&self, subscriber: &tracing_core::Dispatch) {
        self.ids.register(subscriber);
    }

    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        // Other layers may want what this one does not.
        Interest::always()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        if let Some(span) = context.span(id) {
            let parent = span.parent().and_then(|parent| own_fields(&parent));
            let fields = SpanFields::new(attributes, parent);
            // Two layers of ours in one subscriber share what they know of a span.
            let mut extensions = span.extensions_mut();
            if extensions.get_mut::<Arc<SpanFields>>().is_none() {
                extensions.insert(Arc::new(fields));
            }
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        if let Some(fields) = context.span(id).and_then(|span| own_fields(&span)) {
            fields.record(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let metadata = event.metadata();
        let own = kind_of(metadata);
        if self.writer.is_none() && (own.is_some() || bridge::in_writer()) {
            // logx -> tracing -> logx would go round in a circle.
            return bridge::cut_off();
        }
        let kind = own.unwrap_or_else(|| foreign_kind(metadata.level()));
        if !self.levels.passes(metadata) || (self.writer.is_none() && !logx::enabled(kind, metadata.target())) {
            return;
        }
        let span = context.event_span(event);
        let ids = span.as_ref().and_then(|span| self.ids.of_span(&span.id()));
        let merged = span.and_then(|span| own_fields(&span)).map(|fields| fields.merged());
        let write = if own.is_some() { Self::write_own } else { Self::write_foreign };
        write(self, event, kind, merged.as_deref(), ids.as_ref());
    }
}

fn own_fields<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<Arc<SpanFields>> {
    span.extensions().get::<Arc<SpanFields>>().cloned()
}
