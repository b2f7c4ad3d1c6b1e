//! logx's calls, the same whatever the backend is. A macro of its own for each module that uses it, so that every
//! backend has call-sites of its own, as every program has only one backend.

/// The three scalars of a user, as fields.
macro_rules! user_fields {
    ($u:expr) => {
        [logx::field("name", $u.name), logx::field("email", $u.email), logx::field("createdAt", $u.created_at)]
    };
}

/// `run` of a candidate that logs through logx's global writer; `$context` is a logger that carries the ten fields.
macro_rules! logx_calls {
    ($scenario:expr, $lines:expr, $context:expr) => {{
        use logx::Value;
        use $crate::candidate::repeat;
        use $crate::scenario::Scenario;

        let (lines, d, r) = ($lines, $crate::data::flat(), $crate::data::rich());
        match $scenario {
            Scenario::Off => repeat(lines, || {
                logx::debug!("Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Off10 => repeat(lines, || {
                logx::debug!(
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Static => repeat(lines, || {
                logx::info!("Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Flat10 => repeat(lines, || {
                logx::info!(
                    method = d.method, path = d.path, host = d.host, status = d.status, bytes = d.bytes,
                    user_id = d.user_id, attempt = d.attempt, elapsed_ms = d.elapsed_ms, load = d.load,
                    cached = d.cached; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Zap10 => repeat(lines, || {
                let ints = r.ints.map(Value::I64);
                let strings = r.strings.map(Value::Str);
                let times = r.times.map(Value::I64);
                let user1 = user_fields!(r.user1);
                let user2 = user_fields!(r.user2);
                let each: [_; 10] = std::array::from_fn(|i| user_fields!(r.users[i]));
                let users: [_; 10] = std::array::from_fn(|i| Value::Object(&each[i]));
                logx::info!(
                    int = r.int, ints = Value::List(&ints), string = r.string, strings = Value::List(&strings),
                    time = r.time, times = Value::List(&times), user1 = Value::Object(&user1),
                    user2 = Value::Object(&user2), users = Value::List(&users), error:err = r.error;
                    "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Zap10Serde => repeat(lines, || {
                logx::info!(
                    int = r.int, ints:serde = r.ints, string = r.string, strings:serde = r.strings, time = r.time,
                    times:serde = r.times, user1:serde = r.user1, user2:serde = r.user2, users:serde = r.users,
                    error:err = r.error; "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Ctx10 => repeat(lines, || {
                logx::info!(logger: $context, "Test logging, but use a somewhat realistic message length.");
            }),
            Scenario::Fmt3 => repeat(lines, || {
                logx::info!("{} took {} ms on attempt {}", d.path, d.elapsed_ms, d.attempt);
            }),
            Scenario::Span10 => unreachable!("logx has no spans"),
            Scenario::Fmt10 => repeat(lines, || {
                logx::info!(
                    "{} {} {} {} {} {} {} {} {} {}", r.int, $crate::data::List(&r.ints), r.string,
                    $crate::data::List(&r.strings), r.time, $crate::data::List(&r.times), r.user1, r.user2,
                    $crate::data::List(&r.users), r.error);
            }),
        }
    }};
}
