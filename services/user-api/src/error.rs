//! The one place that maps what went wrong to what a caller sees. Internal text is logged and goes no further.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kit::rest::{self, ErrorBody};
use tonic::{Code, Status};

/// What a request can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// A member of the request breaks a rule.
    #[error("{field}: {message}")]
    Input { field: &'static str, reason: &'static str, message: String },
    /// The body is no JSON as its header says.
    #[error("content type")]
    ContentType,
    /// The body is over the limit.
    #[error("body over {0} bytes")]
    TooLarge(usize),
    /// The idempotency key was used for another request.
    #[error("idempotency key used twice")]
    KeyReused,
    /// The registration was refused and is rolled back; the branch's code, if it gave one.
    #[error("refused: {code:?}")]
    Refused { gid: String, code: Option<String> },
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Another service answered with an error.
    #[error("{0}")]
    Rpc(#[from] Status),
    /// The coordinator cannot be asked, or does not take the saga.
    #[error("{0}")]
    Coordinator(#[from] dtm::ClientError),
    /// The coordinator's record is none of ours, or a target is wrong.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    /// A rule that a member of the request breaks.
    pub(crate) fn input(field: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self::Input { field, reason, message: message.into() }
    }
}

/// Refusals that a caller may know the reason of, with the text for people. Anything else is only "refused".
const PUBLIC: [(&str, &str); 1] = [("invite_code_unknown", "the invite code is not known")];

/// The public word and text of a refusal's code.
pub(crate) fn refusal(code: Option<&str>) -> (&'static str, &'static str) {
    PUBLIC
        .iter()
        .find(|(known, _)| Some(*known) == code)
        .copied()
        .unwrap_or(("refused", "the registration was refused"))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Input { field, reason, message } => with_field(StatusCode::BAD_REQUEST, field, reason, &message),
            Self::ContentType => with_field(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Type",
                "unsupported_media_type",
                "Content-Type: application/json is required",
            ),
            Self::TooLarge(limit) => rest::too_large(limit),
            Self::KeyReused => with_field(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Idempotency-Key",
                "key_reused",
                "this key was used for another request",
            ),
            Self::Refused { gid, code } => {
                let (reason, message) = refusal(code.as_deref());
                let body = serde_json::json!({"message": message, "reason": reason, "gid": gid});
                (StatusCode::CONFLICT, axum::Json(body)).into_response()
            }
            Self::NotFound(what) => {
                ErrorBody::new("not_found", format!("there is no such {what}")).with_status(StatusCode::NOT_FOUND)
            }
            Self::Rpc(status) => from_rpc(&status),
            Self::Coordinator(e) => {
                logx::error!("the coordinator cannot be asked: {e}");
                unavailable()
            }
            Self::Internal(e) => {
                logx::error!("{e}");
                internal()
            }
        }
    }
}

fn with_field(status: StatusCode, field: &str, reason: &str, message: &str) -> Response {
    let mut body = ErrorBody::new(reason, message);
    body.field = Some(field.to_owned());
    body.with_status(status)
}

fn unavailable() -> Response {
    ErrorBody::new("unavailable", "the service is not available now, try again")
        .with_status(StatusCode::SERVICE_UNAVAILABLE)
}

fn internal() -> Response {
    ErrorBody::new("internal", "internal error").with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

/// go-zero's table of gRPC codes, with texts of our own: the call's line has the other service's.
fn from_rpc(status: &Status) -> Response {
    let (http, reason, message) = match status.code() {
        Code::NotFound => (StatusCode::NOT_FOUND, "not_found", "there is no such thing"),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            (StatusCode::BAD_REQUEST, "invalid_argument", "the request is not valid")
        }
        Code::Aborted | Code::AlreadyExists => (StatusCode::CONFLICT, "conflict", "the request was refused"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "timeout", "the request took too long"),
        Code::Cancelled => (StatusCode::REQUEST_TIMEOUT, "cancelled", "the request was cancelled"),
        Code::Unavailable => return unavailable(),
        _ => return internal(),
    };
    ErrorBody::new(reason, message).with_status(http)
}
