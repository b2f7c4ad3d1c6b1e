//! Loggers: where a call goes through, with what it carries along.

use std::sync::Arc;
use std::time::Duration;

use crate::caller::Caller;
use crate::context::Context;
use crate::dispatch::{Call, dispatch};
use crate::field::Field;
use crate::fields::FieldList;
use crate::global;
use crate::level::Kind;
use crate::owned::{OwnedField, OwnedValue};
use crate::site::Site;
use crate::value::{Value, nanos};

/// What a logger carries along.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogInner {
    pub(crate) fields: FieldList,
    pub(crate) duration: Option<i64>,
    pub(crate) context: Option<Context>,
    target: Option<Box<str>>,
    caller: Option<Box<str>>,
    caller_skip: usize,
}

/// Any logger: what the macros' `logger:` takes. Object-safe; [`Log`] is the one that logx hands out.
///
/// The call forms (`info`, `infof`, `infov`, `infow`, `infofn` and so on) are in [`LogCalls`](crate::LogCalls), which every logger has.
pub trait Logger: Send + Sync {
    /// Whether a line of this kind and target would pass.
    fn enabled(&self, kind: Kind, target: &str) -> bool;

    /// Takes a line that passed.
    fn log(&self, line: &Line<'_>);
}

/// Loggers behind a pointer.
macro_rules! behind_pointers {
    ($($t:ty),*) => { $(
        impl<L: Logger + ?Sized> Logger for $t {
            fn enabled(&self, kind: Kind, target: &str) -> bool {
                (**self).enabled(kind, target)
            }

            fn log(&self, line: &Line<'_>) {
                (**self).log(line);
            }
        }
    )* };
}
behind_pointers!(&L, Box<L>, Arc<L>);

/// A line on its way from a call form to a logger.
#[derive(Debug)]
pub struct Line<'a> {
    pub(crate) kind: Kind,
    pub(crate) content: Value<'a>,
    pub(crate) literal: Option<&'static str>,
    pub(crate) site: Option<&'static Site>,
    pub(crate) values: &'a [Value<'a>],
    pub(crate) fields: &'a [Field<'a>],
    pub(crate) caller: Caller<'a>,
    pub(crate) target: &'a str,
}

impl<'a> Line<'a> {
    /// A line without a macro's call-site.
    #[must_use]
    pub fn new(kind: Kind, content: Value<'a>, fields: &'a [Field<'a>], caller: Caller<'a>) -> Self {
        Self { kind, content, literal: None, site: None, values: &[], fields, caller, target: "" }
    }

    /// What the line says of itself.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> Value<'a> {
        self.content
    }
}

/// A logger that carries fields, a duration and a context along. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Log(Option<Arc<LogInner>>);

/// The plain logger, which carries nothing.
#[must_use]
pub fn logger() -> Log {
    Log::PLAIN
}

impl Log {
    /// Carries nothing along.
    pub(crate) const PLAIN: Self = Self(None);

    fn change(&self, change: impl FnOnce(&mut LogInner)) -> Self {
        let mut inner = self.0.as_deref().cloned().unwrap_or_default();
        change(&mut inner);
        Self(Some(Arc::new(inner)))
    }

    /// The same with these fields added; of equal keys the later one is printed. They are encoded once, not at each line.
    #[must_use]
    pub fn with_fields(&self, fields: impl IntoIterator<Item = impl Into<OwnedField>>) -> Self {
        let mut fields = fields.into_iter().map(Into::into).peekable();
        if fields.peek().is_none() {
            return self.clone();
        }
        self.change(|inner| {
            let fields: Vec<OwnedField> = fields.collect();
            let name = duration_key();
            if fields.iter().any(|f| *f.key == *name) {
                inner.duration = None;
            }
            inner.fields = inner.fields.with(fields);
        })
    }

    /// The same with this field added.
    #[must_use]
    pub fn with_field(&self, key: impl Into<Box<str>>, value: impl Into<OwnedValue>) -> Self {
        self.with_fields([OwnedField::new(key, value)])
    }

    /// The same with a duration, printed in milliseconds with one decimal; the latest wins.
    #[must_use]
    pub fn with_duration(&self, duration: Duration) -> Self {
        self.with_duration_nanos(nanos(duration))
    }

    /// The same with a duration that may be negative, in nanoseconds.
    #[must_use]
    pub fn with_duration_nanos(&self, nanos: i64) -> Self {
        self.change(|inner| {
            inner.duration = Some(nanos);
            inner.fields = inner.fields.without(&duration_key());
        })
    }

    /// The same in this context, whatever frame the thread has.
    #[must_use]
    pub fn with_context(&self, context: &Context) -> Self {
        self.change(|inner| inner.context = Some(context.clone()))
    }

    /// The same under this target, which levels of targets go by.
    #[must_use]
    pub fn with_target(&self, target: impl Into<Box<str>>) -> Self {
        self.change(|inner| inner.target = Some(target.into()))
    }

    /// The same with this text for the caller.
    #[must_use]
    pub fn with_caller(&self, caller: impl Into<Box<str>>) -> Self {
        self.change(|inner| inner.caller = Some(caller.into()))
    }

    /// The same with the caller taken `skip` frames further up; it sets, it does not add. 0 costs nothing; more
    /// walks the stack at every line (microseconds) and needs line tables in the binary.
    #[must_use]
    pub fn with_caller_skip(&self, skip: usize) -> Self {
        match (&self.0, skip) {
            (None, 0) => self.clone(),
            (Some(inner), skip) if inner.caller_skip == skip => self.clone(),
            _ => self.change(|inner| inner.caller_skip = skip),
        }
    }

    pub(crate) fn inner(&self) -> Option<&LogInner> {
        self.0.as_deref()
    }

    fn target<'a>(&'a self, target: &'a str) -> &'a str {
        self.inner().and_then(|inner| inner.target.as_deref()).unwrap_or(target)
    }
}

fn duration_key() -> Box<str> {
    global::with_format(|format| format.keys.duration.clone())
}

impl Logger for Log {
    #[inline]
    fn enabled(&self, kind: Kind, target: &str) -> bool {
        global::enabled(kind, self.target(target))
    }

    #[inline]
    fn log(&self, line: &Line<'_>) {
        match self.inner() {
            Some(inner) if inner.caller.is_some() || inner.caller_skip > 0 => self.log_elsewhere(line, inner),
            inner => self.log_at(line, inner, line.site, line.caller),
        }
    }
}

impl Log {
    #[inline]
    fn log_at(&self, line: &Line<'_>, log: Option<&LogInner>, site: Option<&'static Site>, caller: Caller<'_>) {
        let (values, fields) = (line.values, line.fields);
        dispatch(&Call {
            kind: line.kind,
            content: line.content,
            literal: line.literal,
            site,
            values,
            fields,
            log,
            caller: if site.is_some() { None } else { Some(caller) },
            target: match log.and_then(|log| log.target.as_deref()) {
                None if site.is_some() => None,
                target => Some(target.unwrap_or(line.target)),
            },
            time: None,
            context: None,
        });
    }

    /// The caller is not the site's: the site's keys become the call's own.
    #[cold]
    fn log_elsewhere(&self, line: &Line<'_>, inner: &LogInner) {
        let text = match &inner.caller {
            Some(text) => Some(text.to_string()),
            None => crate::stack::caller_above(line.caller, inner.caller_skip),
        };
        let caller = text.as_deref().map_or(line.caller, Caller::Text);
        let keys = line.site.map_or(&[][..], Site::keys);
        let mut fields: Vec<Field<'_>> = keys
            .iter()
            .zip(line.values)
            .map(|(key, value)| Field { key: crate::Key::Static(key), value: *value })
            .collect();
        fields.extend_from_slice(line.fields);
        let line = Line { site: None, values: &[], fields: &fields, caller, ..*line };
        self.log_at(&line, Some(inner), None, caller);
    }
}
