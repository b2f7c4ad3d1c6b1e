//! A logging facade with go-zero's vocabulary, pluggable writers and unbreakable JSON lines.
macro_rules! swallow { ($($n:ident)*) => { swallow!{@ ($) $($n)*} }; (@ ($d:tt) $($n:ident)*) => { $(
    /// Placeholder of the call form.
    #[macro_export] macro_rules! $n { ($d($d t:tt)*) => { () }; })* }; }
swallow!(debug info warn error slow stat severe alert error_stack);
