//! The call forms as macros: a static call-site each, arguments unevaluated when the line does not pass.

macro_rules! kinds {
    ($($name:ident $kind:ident $doc:literal;)*) => { kinds! { @with ($) $($name $kind $doc;)* } };
    (@with ($d:tt) $($name:ident $kind:ident $doc:literal;)*) => { $(
        #[doc = $doc]
        ///
        /// Fields come first, then `;`, then the message in the syntax of `format!`:
        ///
        /// ```
        /// # let (id, name, err) = (7, "ann", std::io::Error::other("full"));
        #[doc = concat!("logx::", stringify!($name), "!(uid = id, name, err:err = err; \"registered {name}\");")]
        /// ```
        ///
        /// A key may be an identifier or a literal; `key` alone is `key = key`. `key:display` (or `:%`), `key:debug`
        /// (or `:?`), `key:err`, `key:serde`, `key:mask` and `key:bytes` say how a value prints that is no plain one.
        /// In front may stand `logger: log,` (any [`Logger`](crate::Logger)) and `target: "constant",`.
        #[macro_export]
        macro_rules! $name {
            ($d($d arg:tt)+) => { $crate::log!($crate::Kind::$kind, $d($d arg)+) };
        }
    )* };
}

kinds! {
    debug Debug "Logs for developers.";
    info Info "Logs the ordinary line.";
    warn Warn "Logs something worth a look.";
    error Error "Logs a failure.";
    slow Slow "Logs a call that took too long.";
    stat Stat "Logs periodic figures.";
    severe Severe "Logs a failure that the service cannot live with, with the stack. It does not end the process.";
    alert Alert "Logs something for a person at once; no level stops it.";
    error_stack Stack "Logs a failure with the stack.";
}

/// Logs a line of a kind that is a constant: `logx::log!(logx::Kind::Info, uid = 1; "text")`.
///
/// See [`info!`](macro@crate::info) for the rest.
#[macro_export]
macro_rules! log {
    ($kind:expr, logger: $logger:expr, target: $target:expr, $($rest:tt)+) => {
        $crate::__logx!(@parse ($kind) ($logger) ($target) $($rest)+)
    };
    ($kind:expr, target: $target:expr, logger: $logger:expr, $($rest:tt)+) => {
        $crate::__logx!(@parse ($kind) ($logger) ($target) $($rest)+)
    };
    ($kind:expr, logger: $logger:expr, $($rest:tt)+) => {
        $crate::__logx!(@parse ($kind) ($logger) (::core::module_path!()) $($rest)+)
    };
    ($kind:expr, target: $target:expr, $($rest:tt)+) => {
        $crate::__logx!(@parse ($kind) () ($target) $($rest)+)
    };
    ($kind:expr, $($rest:tt)+) => {
        $crate::__logx!(@parse ($kind) () (::core::module_path!()) $($rest)+)
    };
}

/// The macros' inside: not part of the public API.
#[doc(hidden)]
#[macro_export]
macro_rules! __logx {
    // Fields, then a message.
    (@parse ($kind:expr) ($($logger:expr)?) ($target:expr)
        $($key:tt $(: $capture:tt)? $(= $value:expr)?),+ $(,)? ; $($message:tt)+) => {
        $crate::__logx!(@line ($kind) ($($logger)?) ($target)
            [$($crate::__logx!(@key $key)),+] [$({ $key $(: $capture)? $(= $value)? })+] ($($message)+))
    };
    // A message only.
    (@parse ($kind:expr) ($($logger:expr)?) ($target:expr) $($message:tt)+) => {
        $crate::__logx!(@line ($kind) ($($logger)?) ($target) [] [] ($($message)+))
    };

    (@line ($kind:expr) () ($target:expr) [$($keys:expr),*] [$($fields:tt)*] ($($message:tt)+)) => {{
        static __LOGX_SITE: $crate::Site = $crate::__logx!(@site ($kind) ($target) [$($keys),*]);
        const __LOGX_KIND: $crate::Kind = $kind;
        if $crate::private::passes_gate(__LOGX_KIND) && __LOGX_SITE.passes_target() {
            $crate::__logx!(@bind (log __LOGX_KIND __LOGX_SITE) ($($message)+) [] $($fields)*)
        }
    }};
    (@line ($kind:expr) ($logger:expr) ($target:expr) [$($keys:expr),*] [$($fields:tt)*] ($($message:tt)+)) => {{
        static __LOGX_SITE: $crate::Site = $crate::__logx!(@site ($kind) ($target) [$($keys),*]);
        if $crate::private::passes_gate($kind) {
            match &$logger {
                logger => if $crate::Logger::enabled(logger, __LOGX_SITE.kind(), __LOGX_SITE.target()) {
                    $crate::__logx!(@bind (log_to logger __LOGX_SITE) ($($message)+) [] $($fields)*)
                }
            }
        }
    }};
    (@site ($kind:expr) ($target:expr) [$($keys:expr),*]) => {
        $crate::Site::new(
            $kind,
            $target,
            ::core::file!(),
            ::core::line!(),
            match ::core::option_env!("CARGO_PKG_NAME") {
                ::core::option::Option::Some(package) => package,
                ::core::option::Option::None => "",
            },
            &[$($keys),*],
        )
    };

    (@key $key:ident) => { ::core::stringify!($key) };
    (@key $key:expr) => { $key };

    // Each value is evaluated and bound before the message, so that nothing that is not Send lives across an await.
    (@bind $to:tt $message:tt [$($done:tt)*] { $key:ident } $($rest:tt)*) => {
        match &$key { value => $crate::__logx!(@bind $to $message [$($done)* ($crate::private::value(value))] $($rest)*) }
    };
    (@bind $to:tt $message:tt [$($done:tt)*] { $key:ident : $capture:tt } $($rest:tt)*) => {
        match &$key { value => $crate::__logx!(@bind $to $message [$($done)* ($crate::__logx!(@value $capture value))] $($rest)*) }
    };
    (@bind $to:tt $message:tt [$($done:tt)*] { $key:tt = $value:expr } $($rest:tt)*) => {
        match &$value { value => $crate::__logx!(@bind $to $message [$($done)* ($crate::private::value(value))] $($rest)*) }
    };
    (@bind $to:tt $message:tt [$($done:tt)*] { $key:tt : $capture:tt = $value:expr } $($rest:tt)*) => {
        match &$value { value => $crate::__logx!(@bind $to $message [$($done)* ($crate::__logx!(@value $capture value))] $($rest)*) }
    };
    (@bind ($log:ident $($to:ident)+) ($($message:tt)+) [$(($value:expr))*]) => {
        $crate::private::$log($($crate::__logx!(@to $to)),+, ::core::format_args!($($message)+), &[$($value),*])
    };
    (@to __LOGX_SITE) => { &__LOGX_SITE };
    (@to __LOGX_KIND) => { __LOGX_KIND };
    (@to $logger:ident) => { $logger };

    (@value % $value:ident) => { $crate::Value::Display($value) };
    (@value ? $value:ident) => { $crate::Value::Debug($value) };
    (@value display $value:ident) => { $crate::Value::Display($value) };
    (@value debug $value:ident) => { $crate::Value::Debug($value) };
    (@value err $value:ident) => { $crate::Value::Error($value) };
    (@value error $value:ident) => { $crate::Value::Error($value) };
    (@value serde $value:ident) => { $crate::Value::Encode($value) };
    (@value mask $value:ident) => { $crate::Value::Masked($value) };
    (@value bytes $value:ident) => { $crate::Value::bytes($value) };
    (@value $other:tt $value:ident) => {
        ::core::compile_error!("unknown way to print a value: use display (%), debug (?), err, serde, mask or bytes")
    };
}
