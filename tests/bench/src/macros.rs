//! The formatted messages: one text for every candidate.

/// The three values of `fmt3` as `format_args!`.
macro_rules! fmt3 {
    ($d:expr) => {
        format_args!("{} took {} ms on attempt {}", $d.path, $d.elapsed_ms, $d.attempt)
    };
}

/// The ten values of `fmt10` as `format_args!`.
macro_rules! fmt10 {
    ($d:expr) => {
        format_args!(
            "{} {} {} {} {} {} {} {} {} {}",
            $d.int,
            $crate::data::List(&$d.ints),
            $d.string,
            $crate::data::List(&$d.strings),
            $d.time,
            $crate::data::List(&$d.times),
            $d.user1,
            $d.user2,
            $crate::data::List(&$d.users),
            $d.error
        )
    };
}
