//! What a branch answers a coordinator.
//!
//! | answer | meaning |
//! |---|---|
//! | OK | done; also for a repetition |
//! | ABORTED | refused for good: the saga rolls back |
//! | FAILED_PRECONDITION | not yet: asked again after the interval |
//! | anything else | unknown: asked again with growing pauses |

use std::fmt::Display;

use tonic::Status;

use crate::protocol::result;

const REASON: &str = "reason=";

/// A business refusal. The code travels as `reason=<code>` in the rollback reason; only letters, digits and `_ . -` are kept of it, since it
/// is no place for free text.
pub fn refused(code: &str) -> Status {
    let code: String = code.chars().filter(|&c| is_code(c)).collect();
    Status::aborted(format!("{REASON}{code}"))
}

/// Not decided yet; the coordinator asks again.
pub fn ongoing() -> Status {
    Status::failed_precondition(result::ONGOING)
}

/// A fault on the way, a database that is down for one: the coordinator asks again. The error is logged and not sent.
pub fn unavailable(error: &dyn Display) -> Status {
    logx::error!(error:% = error; "branch cannot answer now");
    Status::unavailable("temporarily unavailable")
}

/// The code in a rollback reason, if the branch that refused gave one.
///
/// ```
/// let reason = "url:127.0.0.1:8081/userscore.UserScore/saveUserScore return failed: reason=invite_code_unknown FAILURE";
/// assert_eq!(dtm::reply::reason_code(reason), Some("invite_code_unknown"));
/// assert_eq!(dtm::reply::reason_code("Timeout after 10 seconds"), None);
/// ```
pub fn reason_code(rollback_reason: &str) -> Option<&str> {
    let (_, rest) = rollback_reason.split_once(REASON)?;
    let end = rest.find(|c| !is_code(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|code| !code.is_empty())
}

fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}
