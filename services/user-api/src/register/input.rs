//! What a registration may ask for.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Longest name and invite code in characters.
const MAX_NAME: usize = 64;
const MAX_CODE: usize = 64;
const MAX_KEY: usize = 255;
const GENDERS: [&str; 3] = ["male", "female", "other"];

/// A registration that keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) gender: String,
    /// Empty for none.
    pub(super) invite_code: String,
}

/// The header `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut all = headers.get_all("idempotency-key").iter();
    let Some(value) = all.next() else {
        return Ok(None);
    };
    let key = value.as_bytes();
    let good = all.next().is_none() && (1..=MAX_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(key) {
        Ok(text) if good => Ok(Some(text.to_owned())),
        _ => Err(ApiError::input(
            "Idempotency-Key",
            "malformed",
            "Idempotency-Key: once, 1 to 255 visible ASCII characters",
        )),
    }
}

/// Reads and checks the body.
pub(super) async fn read(request: Request, limit: Option<usize>) -> Result<Wanted, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::ContentType);
    }
    let bytes =
        Bytes::from_request(request, &()).await.map_err(|refused| match (refused.into_response().status(), limit) {
            (StatusCode::PAYLOAD_TOO_LARGE, Some(limit)) => ApiError::TooLarge(limit),
            _ => ApiError::input("body", "unreadable", "the body cannot be read"),
        })?;
    parse(&bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn parse(bytes: &[u8]) -> Result<Wanted, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        // Line and column, never a part of the body.
        let place = format!("line {} column {}", e.line(), e.column());
        ApiError::input("body", "malformed_json", format!("no JSON at {place}"))
    })?;
    let Value::Object(body) = value else {
        return Err(ApiError::input("body", "not_an_object", "a JSON object is required"));
    };
    let name = text(&body, "name")?.ok_or_else(|| required("name"))?;
    if name.trim().is_empty() {
        return Err(required("name"));
    }
    check_text("name", &name, MAX_NAME)?;
    let gender = text(&body, "gender")?.ok_or_else(|| required("gender"))?;
    if !GENDERS.contains(&gender.as_str()) {
        return Err(ApiError::input("gender", "not_allowed", "gender: male, female or other"));
    }
    let invite_code = text(&body, "inviteCode")?.unwrap_or_default();
    check_text("inviteCode", &invite_code, MAX_CODE)?;
    Ok(Wanted { name, gender, invite_code })
}

fn text(body: &Map<String, Value>, field: &'static str) -> Result<Option<String>, ApiError> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(ApiError::input(field, "not_a_text", format!("{field}: text is required"))),
    }
}

fn required(field: &'static str) -> ApiError {
    ApiError::input(field, "required", format!("{field} is required"))
}

fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), ApiError> {
    if text.chars().count() > max {
        let message = format!("{field}: at most {max} characters");
        return Err(ApiError::input(field, "too_long", message));
    }
    if text.chars().any(char::is_control) {
        let message = format!("{field}: no control characters");
        return Err(ApiError::input(field, "not_allowed", message));
    }
    Ok(())
}
