//! The call forms as methods and functions: plain, formatted, any value, a message with fields, lazy.

use std::fmt;
use std::time::Duration;

use crate::caller::Caller;
use crate::context::Context;
use crate::encode::Encode;
use crate::field::Field;
use crate::global;
use crate::level::Kind;
use crate::logger::{Line, Log, Logger};
use crate::owned::OwnedField;
use crate::value::Value;

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
                    Log::PLAIN.$plain(text);
                }

                #[doc = concat!("Logs formatted text of kind ", stringify!($plain), ": `", stringify!($f), "(format_args!(...))`.")]
                #[track_caller]
                pub fn $f(text: fmt::Arguments<'_>) {
                    Log::PLAIN.$f(text);
                }

                #[doc = concat!("Logs any serializable value of kind ", stringify!($plain), " as the content.")]
                #[track_caller]
                pub fn $v<T: serde::Serialize>(value: &T) {
                    Log::PLAIN.$v(value);
                }

                #[doc = concat!("Logs a message with fields of kind ", stringify!($plain), ".")]
                #[track_caller]
                pub fn $w(message: &str, fields: &[Field<'_>]) {
                    Log::PLAIN.$w(message, fields);
                }

                #[doc = concat!("Logs what the closure gives, of kind ", stringify!($plain), "; it runs only if the line passes.")]
                #[track_caller]
                pub fn $lazy(make: impl Lazy) {
                    Log::PLAIN.$lazy(make);
                }
            )*

            /// Logs periodic figures.
            #[track_caller]
            pub fn stat(text: impl fmt::Display) {
                Log::PLAIN.stat(text);
            }

            /// Logs a failure that the service cannot live with, with the stack. It does not end the process.
            #[track_caller]
            pub fn severe(text: impl fmt::Display) {
                Log::PLAIN.severe(text);
            }

            /// Logs something for a person at once; no level stops it.
            #[track_caller]
            pub fn alert(text: impl fmt::Display) {
                Log::PLAIN.alert(text);
            }

            /// Logs an error with the stack.
            #[track_caller]
            pub fn error_stack(text: impl fmt::Display) {
                Log::PLAIN.error_stack(text);
            }

            /// A logger with these fields.
            #[must_use]
            pub fn with_fields(fields: impl IntoIterator<Item = impl Into<OwnedField>>) -> Log {
                Log::PLAIN.with_fields(fields)
            }

            /// A logger with this duration.
            #[must_use]
            pub fn with_duration(duration: Duration) -> Log {
                Log::PLAIN.with_duration(duration)
            }

            /// A logger in this context.
            #[must_use]
            pub fn with_context(context: &Context) -> Log {
                Log::PLAIN.with_context(context)
            }

            /// A logger under this target.
            #[must_use]
            pub fn with_target(target: impl Into<Box<str>>) -> Log {
                Log::PLAIN.with_target(target)
            }

            /// A logger whose caller is `skip` frames further up.
            #[must_use]
            pub fn with_caller_skip(skip: usize) -> Log {
                Log::PLAIN.with_caller_skip(skip)
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
