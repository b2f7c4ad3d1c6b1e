//! The bodies of successes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A user with the present score.
#[derive(Debug, Serialize)]
pub(crate) struct UserView {
    /// Text: JavaScript's numbers end at 53 bits.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) gender: String,
    pub(crate) score: i32,
}

#[derive(Serialize)]
struct Success<T> {
    message: &'static str,
    data: T,
}

/// 200 with `{"message":"success","data":...}`.
pub(crate) fn success<T: Serialize>(data: T) -> Response {
    let message = "success";
    Json(Success { message, data }).into_response()
}

/// 202: not decided yet, or decided and not readable at the moment.
pub(crate) fn accepted(gid: &str, state: &str) -> Response {
    let body = serde_json::json!({
        "message": "the registration is not decided yet, ask again",
        "gid": gid,
        "state": state,
        "status": format!("/register/{gid}"),
    });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}
