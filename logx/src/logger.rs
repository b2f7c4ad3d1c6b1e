//! Loggers: where a call goes through, with what it carries along.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::caller::Caller;
use crate::context::Context;
use crate::dispatch::{Call, dispatch};
use crate::encode::Encode;
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
/// The call forms (`info`, `infof`, `infov`, `infow`, `infofn` and so on) are in [`LogCalls`], which every logger has.
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
    Log(None)
}

impl Log {
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

/// A content made only when the line passes: any closure whose result is a value.
pub trait Lazy {
    /// Makes the content and hands it to `log`.
    fn make(&self, log: &mut dyn FnMut(Value<'_>));
}

impl<F, T> Lazy for F
where
    F: Fn() -> T,
    T: Content,
{
    fn make(&self, log: &mut dyn FnMut(Value<'_>)) {
        let mut content = None;
        let made = crate::encode::guard::run(|| -> Result<(), fmt::Error> {
            content = Some(self());
            Ok(())
        });
        match (made, &content) {
            (Ok(()), Some(content)) => log(content.as_content()),
            (Err(mark), _) => log(Value::Str(&mark)),
            (Ok(()), None) => {}
        }
        // What the closure made is ours to drop, and may panic at it.
        let _ = crate::encode::guard::run(|| -> Result<(), fmt::Error> {
            drop(content);
            Ok(())
        });
    }
}

/// What a lazy closure may give: text is text, anything else its JSON.
pub trait Content {
    /// The content, by reference.
    fn as_content(&self) -> Value<'_>;
}

impl<T: crate::value::ToValue> Content for T {
    fn as_content(&self) -> Value<'_> {
        self.to_value()
    }
}

macro_rules! call_forms {
    ($($kind:ident: $plain:ident, $f:ident, $v:ident, $w:ident, $lazy:ident;)*) => {
        /// go-zero's call forms, for every logger and for `dyn Logger`.
        ///
        /// Plain (`info`), formatted (`infof(format_args!(...))`), any value (`infov`), a message with fields
        /// (`infow`), lazy (`infofn`); and `stat`, `severe`, `alert`, `error_stack`.
        pub trait LogCalls: Logger {
            $(
                #[doc = concat!("Logs text of kind ", stringify!($plain), ".")]
                #[track_caller]
                fn $plain(&self, text: impl fmt::Display) {
                    emit(self, Kind::$kind, |log| log(Value::Display(&text)), &[]);
                }

                #[doc = concat!("Logs formatted text of kind ", stringify!($plain), ": `", stringify!($f), "(format_args!(...))`.")]
                #[track_caller]
                fn $f(&self, text: fmt::Arguments<'_>) {
                    emit(self, Kind::$kind, |log| log(Value::Fmt(text)), &[]);
                }

                #[doc = concat!("Logs any serializable value of kind ", stringify!($plain), " as the content.")]
                #[track_caller]
                fn $v<T: serde::Serialize>(&self, value: &T) {
                    let value: &dyn Encode = &value;
                    emit(self, Kind::$kind, |log| log(Value::Encode(value)), &[]);
                }

                #[doc = concat!("Logs a message with fields of kind ", stringify!($plain), ".")]
                #[track_caller]
                fn $w(&self, message: &str, fields: &[Field<'_>]) {
                    emit(self, Kind::$kind, |log| log(Value::Str(message)), fields);
                }

                #[doc = concat!("Logs what the closure gives, of kind ", stringify!($plain), "; it runs only if the line passes.")]
                #[track_caller]
                fn $lazy(&self, make: impl Lazy) {
                    emit(self, Kind::$kind, |log| make.make(log), &[]);
                }
            )*

            /// Logs a content of any kind with fields.
            #[track_caller]
            fn log_value(&self, kind: Kind, content: Value<'_>, fields: &[Field<'_>]) {
                emit(self, kind, |log| log(content), fields);
            }

            /// Logs periodic figures.
            #[track_caller]
            fn stat(&self, text: impl fmt::Display) {
                emit(self, Kind::Stat, |log| log(Value::Display(&text)), &[]);
            }

            /// Logs a failure that the service cannot live with, with the stack. It does not end the process.
            #[track_caller]
            fn severe(&self, text: impl fmt::Display) {
                emit(self, Kind::Severe, |log| log(Value::Display(&text)), &[]);
            }

            /// Logs something for a person at once; no level stops it.
            #[track_caller]
            fn alert(&self, text: impl fmt::Display) {
                emit(self, Kind::Alert, |log| log(Value::Display(&text)), &[]);
            }

            /// Logs an error with the stack.
            #[track_caller]
            fn error_stack(&self, text: impl fmt::Display) {
                emit(self, Kind::Stack, |log| log(Value::Display(&text)), &[]);
            }
        }

        /// The call forms, without an import.
        impl Log {
            $(
                #[doc = concat!("Logs text of kind ", stringify!($plain), ".")]
                #[track_caller]
                pub fn $plain(&self, text: impl fmt::Display) {
                    LogCalls::$plain(self, text);
                }

                #[doc = concat!("Logs formatted text of kind ", stringify!($plain), ": `", stringify!($f), "(format_args!(...))`.")]
                #[track_caller]
                pub fn $f(&self, text: fmt::Arguments<'_>) {
                    LogCalls::$f(self, text);
                }

                #[doc = concat!("Logs any serializable value of kind ", stringify!($plain), " as the content.")]
                #[track_caller]
                pub fn $v<T: serde::Serialize>(&self, value: &T) {
                    LogCalls::$v(self, value);
                }

                #[doc = concat!("Logs a message with fields of kind ", stringify!($plain), ".")]
                #[track_caller]
                pub fn $w(&self, message: &str, fields: &[Field<'_>]) {
                    LogCalls::$w(self, message, fields);
                }

                #[doc = concat!("Logs what the closure gives, of kind ", stringify!($plain), "; it runs only if the line passes.")]
                #[track_caller]
                pub fn $lazy(&self, make: impl Lazy) {
                    LogCalls::$lazy(self, make);
                }
            )*

            /// Logs a content of any kind with fields.
            #[track_caller]
            pub fn log_value(&self, kind: Kind, content: Value<'_>, fields: &[Field<'_>]) {
                LogCalls::log_value(self, kind, content, fields);
            }

            /// Logs periodic figures.
            #[track_caller]
            pub fn stat(&self, text: impl fmt::Display) {
                LogCalls::stat(self, text);
            }

            /// Logs a failure that the service cannot live with, with the stack. It does not end the process.
            #[track_caller]
            pub fn severe(&self, text: impl fmt::Display) {
                LogCalls::severe(self, text);
            }

            /// Logs something for a person at once; no level stops it.
            #[track_caller]
            pub fn alert(&self, text: impl fmt::Display) {
                LogCalls::alert(self, text);
            }

            /// Logs an error with the stack.
            #[track_caller]
            pub fn error_stack(&self, text: impl fmt::Display) {
                LogCalls::error_stack(self, text);
            }
        }

        /// The call forms of the plain logger, as go-zero's package functions.
        pub(crate) mod functions {
            use super::*;
            $(
                #[doc = concat!("Logs text of kind ", stringify!($plain), ".")]
                #[track_caller]
                pub fn $plain(text: impl fmt::Display) {
                    Log(None).$plain(text);
                }

                #[doc = concat!("Logs formatted text of kind ", stringify!($plain), ": `", stringify!($f), "(format_args!(...))`.")]
                #[track_caller]
                pub fn $f(text: fmt::Arguments<'_>) {
                    Log(None).$f(text);
                }

                #[doc = concat!("Logs any serializable value of kind ", stringify!($plain), " as the content.")]
                #[track_caller]
                pub fn $v<T: serde::Serialize>(value: &T) {
                    Log(None).$v(value);
                }

                #[doc = concat!("Logs a message with fields of kind ", stringify!($plain), ".")]
                #[track_caller]
                pub fn $w(message: &str, fields: &[Field<'_>]) {
                    Log(None).$w(message, fields);
                }

                #[doc = concat!("Logs what the closure gives, of kind ", stringify!($plain), "; it runs only if the line passes.")]
                #[track_caller]
                pub fn $lazy(make: impl Lazy) {
                    Log(None).$lazy(make);
                }
            )*

            /// Logs periodic figures.
            #[track_caller]
            pub fn stat(text: impl fmt::Display) {
                Log(None).stat(text);
            }

            /// Logs a failure that the service cannot live with, with the stack. It does not end the process.
            #[track_caller]
            pub fn severe(text: impl fmt::Display) {
                Log(None).severe(text);
            }

            /// Logs something for a person at once; no level stops it.
            #[track_caller]
            pub fn alert(text: impl fmt::Display) {
                Log(None).alert(text);
            }

            /// Logs an error with the stack.
            #[track_caller]
            pub fn error_stack(text: impl fmt::Display) {
                Log(None).error_stack(text);
            }

            /// A logger with these fields.
            #[must_use]
            pub fn with_fields(fields: impl IntoIterator<Item = impl Into<OwnedField>>) -> Log {
                Log(None).with_fields(fields)
            }

            /// A logger with this duration.
            #[must_use]
            pub fn with_duration(duration: Duration) -> Log {
                Log(None).with_duration(duration)
            }

            /// A logger in this context.
            #[must_use]
            pub fn with_context(context: &Context) -> Log {
                Log(None).with_context(context)
            }

            /// A logger under this target.
            #[must_use]
            pub fn with_target(target: impl Into<Box<str>>) -> Log {
                Log(None).with_target(target)
            }

            /// A logger whose caller is `skip` frames further up.
            #[must_use]
            pub fn with_caller_skip(skip: usize) -> Log {
                Log(None).with_caller_skip(skip)
            }
        }
    };
}

call_forms! {
    Debug: debug, debugf, debugv, debugw, debugfn;
    Info: info, infof, infov, infow, infofn;
    Warn: warn, warnf, warnv, warnw, warnfn;
    Error: error, errorf, errorv, errorw, errorfn;
    Slow: slow, slowf, slowv, sloww, slowfn;
}

impl<L: Logger + ?Sized> LogCalls for L {}

/// The gate, then the content, then the logger.
#[track_caller]
fn emit<L: Logger + ?Sized>(
    logger: &L,
    kind: Kind,
    make: impl FnOnce(&mut dyn FnMut(Value<'_>)),
    fields: &[Field<'_>],
) {
    if !global::passes_gate(kind) {
        return;
    }
    let at = std::panic::Location::caller();
    let target = crate::private::target_of(at.file());
    if !logger.enabled(kind, target) {
        return;
    }
    make(&mut |content| {
        crate::stack::with_stack(kind, content, |content| {
            let caller = Caller::from(at);
            logger.log(&Line { kind, content, literal: None, site: None, values: &[], fields, caller, target });
        });
    });
}
