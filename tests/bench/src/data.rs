//! What is logged: equal for every candidate.

use serde::Serialize;
use std::fmt;
use std::hint::black_box;

pub const MESSAGE: &str = "Test logging, but use a somewhat realistic message length.";

/// The ten fields of `flat10`.
#[derive(Debug)]
pub struct Flat {
    pub method: &'static str,
    pub path: &'static str,
    pub host: &'static str,
    pub status: i64,
    pub bytes: i64,
    pub user_id: i64,
    pub attempt: i64,
    pub elapsed_ms: f64,
    pub load: f64,
    pub cached: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub name: &'static str,
    pub email: &'static str,
    /// Nanoseconds since the Unix epoch.
    pub created_at: i64,
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{} {} {}}}", self.name, self.email, self.created_at)
    }
}

/// A list as Go's `%v` prints it: without quotes, so that the floor, which escapes nothing, stays valid JSON.
#[derive(Debug)]
pub struct List<'a, T>(pub &'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, item) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            item.fmt(f)?;
        }
        f.write_str("]")
    }
}

/// The error of zap's suite.
#[derive(Debug, Clone)]
pub struct Fail;

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fail")
    }
}

impl std::error::Error for Fail {}

/// The ten fields of `zap10`. Times are nanoseconds since the Unix epoch.
#[derive(Debug)]
pub struct Rich {
    pub int: i64,
    pub ints: [i64; 10],
    pub string: &'static str,
    pub strings: [&'static str; 10],
    pub time: i64,
    pub times: [i64; 10],
    pub user1: User,
    pub user2: User,
    pub users: [User; 10],
    pub error: Fail,
}

const fn user() -> User {
    User { name: "Jane Doe", email: "jane@test.com", created_at: 315_576_000_000_000_000 }
}

static FLAT: Flat = Flat {
    method: "GET",
    path: "/users/42/orders",
    host: "api.example.com",
    status: 200,
    bytes: 51_204,
    user_id: 1_234_567_890_123,
    attempt: 3,
    elapsed_ms: 12.345_678,
    load: 0.731_25,
    cached: true,
};

static RICH: Rich = Rich {
    int: 1,
    ints: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
    string: "a",
    strings: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"],
    time: 0,
    times: [
        0,
        1_000_000_000,
        2_000_000_000,
        3_000_000_000,
        4_000_000_000,
        5_000_000_000,
        6_000_000_000,
        7_000_000_000,
        8_000_000_000,
        9_000_000_000,
    ],
    user1: user(),
    user2: user(),
    users: [user(), user(), user(), user(), user(), user(), user(), user(), user(), user()],
    error: Fail,
};

/// The flat values, unknown to the optimiser.
pub fn flat() -> &'static Flat {
    black_box(&FLAT)
}

/// The rich values, unknown to the optimiser.
pub fn rich() -> &'static Rich {
    black_box(&RICH)
}

/// What a line of `scenario` must hold, as JSON.
pub fn expected(scenario: crate::scenario::Scenario) -> Vec<(&'static str, serde_json::Value)> {
    use crate::scenario::Scenario as S;
    use serde_json::json;
    match scenario {
        S::Flat10 | S::Span10 => {
            let d = flat();
            vec![
                ("method", json!(d.method)),
                ("path", json!(d.path)),
                ("host", json!(d.host)),
                ("status", json!(d.status)),
                ("bytes", json!(d.bytes)),
                ("user_id", json!(d.user_id)),
                ("attempt", json!(d.attempt)),
                ("elapsed_ms", json!(d.elapsed_ms)),
                ("load", json!(d.load)),
                ("cached", json!(d.cached)),
            ]
        }
        S::Zap10 | S::Zap10Serde | S::Ctx10 => {
            let d = rich();
            vec![
                ("int", json!(d.int)),
                ("ints", json!(d.ints)),
                ("string", json!(d.string)),
                ("strings", json!(d.strings)),
                ("time", json!(d.time)),
                ("times", json!(d.times)),
                ("user1", json!(d.user1)),
                ("user2", json!(d.user2)),
                ("users", json!(d.users)),
                ("error", json!(d.error.to_string())),
            ]
        }
        S::Off | S::Off10 | S::Static | S::Fmt3 | S::Fmt10 => Vec::new(),
    }
}

/// The message that a line of `scenario` must hold.
pub fn expected_message(scenario: crate::scenario::Scenario) -> String {
    match scenario {
        crate::scenario::Scenario::Fmt3 => fmt3!(flat()).to_string(),
        crate::scenario::Scenario::Fmt10 => fmt10!(rich()).to_string(),
        _ => MESSAGE.to_owned(),
    }
}
