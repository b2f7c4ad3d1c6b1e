//! dtm's HTTP interface.

mod body;
mod view;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::{Map, Value, json};

use super::engine::{Engine, SubmitError, now};
use super::store::{Filter, StoreError};
use crate::protocol::{Status, result};

/// The longest request body.
const MAX_BODY: usize = 64 << 20;
/// Added to one call's timeout for a caller that waits, as dtm does.
const PASS_MARGIN: std::time::Duration = std::time::Duration::from_secs(2);
const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1000;

type Shared = State<Arc<Engine>>;

/// All routes.
pub(super) fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/api/dtmsvr/version", get(version))
        .route("/api/dtmsvr/newGid", get(new_gid))
        .route("/api/dtmsvr/submit", post(submit))
        .route("/api/dtmsvr/prepare", post(prepare))
        .route("/api/dtmsvr/abort", post(abort))
        .route("/api/dtmsvr/query", get(query))
        .route("/api/dtmsvr/all", get(all))
        .route("/api/dtmsvr/forceStop", post(force_stop))
        .route("/api/dtmsvr/resetNextCronTime", post(reset_next_cron_time))
        .route("/api/dtmsvr/resetCronTime", get(reset_cron_time))
        .route("/api/metrics", get(metrics))
        .route("/api/ping", any(ping))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(engine)
}

/// An answer that is no success.
struct Refused {
    code: StatusCode,
    body: Value,
}

type Answer = Result<Value, Refused>;

impl Refused {
    fn new(code: StatusCode, message: &str) -> Self {
        Self { code, body: json!({ "message": message }) }
    }

    fn internal(message: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    fn failure(message: &str, status: Option<Status>) -> Self {
        let mut body = json!({ "dtm_result": result::FAILURE, "message": message });
        if let (Some(status), Some(body)) = (status, body.as_object_mut()) {
            body.insert("status".to_owned(), status.as_str().into());
        }
        Self { code: StatusCode::CONFLICT, body }
    }
}

/// The one place where an error becomes an HTTP answer.
impl From<SubmitError> for Refused {
    fn from(error: SubmitError) -> Self {
        let text = error.to_string();
        match error {
            SubmitError::Bad(_) | SubmitError::NotFound(_) | SubmitError::Store(StoreError::TooLarge(_)) => {
                Self::internal(&text)
            }
            SubmitError::Different(_) => Self::failure(&format!("{text} {}", result::FAILURE), None),
            SubmitError::State { status, .. }
            | SubmitError::CannotAbort { status }
            | SubmitError::CannotStop { status } => Self::failure(&text, Some(status)),
            SubmitError::Store(_) => {
                logx::error!(error = text.as_str(); "dtm: store");
                Self::internal("the store cannot be used now")
            }
            SubmitError::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, &text),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        SubmitError::from(error).into()
    }
}

async fn counted(engine: &Engine, api: &str, work: impl Future<Output = Answer>) -> Response {
    let begin = Instant::now();
    let answer = work.await;
    engine.metrics().request("http", api, answer.is_ok(), begin.elapsed());
    let (code, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refused) => (refused.code, refused.body),
    };
    (code, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn success(more: &[(&str, Value)]) -> Value {
    let mut map: Map<String, Value> = more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    map.insert("dtm_result".to_owned(), result::SUCCESS.into());
    Value::Object(map)
}

async fn version(State(engine): Shared) -> Response {
    counted(&engine, "version", async { Ok(json!({ "version": concat!("v", env!("CARGO_PKG_VERSION")) })) }).await
}

async fn new_gid(State(engine): Shared) -> Response {
    counted(&engine, "newGid", async { Ok(success(&[("gid", crate::gid::new().into())])) }).await
}

async fn submit(State(engine): Shared, body: Bytes) -> Response {
    counted(&engine, "submit", async {
        let plan = body::plan(&body).map_err(SubmitError::from)?;
        let wait = plan.options.wait_result.then(|| engine.conf().request_timeout() + PASS_MARGIN);
        let settled = engine.submit(plan, wait).await?;
        let status = Value::from(settled.status.as_str());
        match settled.status {
            _ if wait.is_none() => Ok(success(&[("status", status)])),
            Status::Succeed => Ok(success(&[("status", status)])),
            _ if settled.reason.is_empty() => {
                let text = format!("wait result not return success: {}", result::FAILURE);
                Err(Refused::failure(&text, Some(settled.status)))
            }
            _ => Err(Refused::failure(&settled.reason, Some(settled.status))),
        }
    })
    .await
}

async fn prepare(State(engine): Shared, body: Bytes) -> Response {
    counted(&engine, "prepare", async {
        engine.prepare(body::plan(&body).map_err(SubmitError::from)?).await?;
        Ok(success(&[]))
    })
    .await
}

async fn abort(State(engine): Shared, body: Bytes) -> Response {
    counted(&engine, "abort", async {
        Err(super::admin::abort(&engine, &body::gid(&body).map_err(SubmitError::from)?).await.into())
    })
    .await
}

async fn query(State(engine): Shared, RawQuery(raw): RawQuery) -> Response {
    counted(&engine, "query", async {
        let asked = crate::form::parse(&raw.unwrap_or_default());
        let gid = asked.get("gid").and_then(Value::as_str).unwrap_or_default();
        if gid.is_empty() {
            return Err(Refused::internal("no gid specified"));
        }
        let record = engine.store().load(gid).await?;
        Ok(record.map_or_else(|| json!({ "transaction": null, "branches": [] }), |record| view::whole(&record)))
    })
    .await
}

async fn all(State(engine): Shared, RawQuery(raw): RawQuery) -> Response {
    counted(&engine, "all", async {
        let asked = crate::form::parse(&raw.unwrap_or_default());
        let filter = filter(&asked)?;
        let is_other_type = text(&asked, "transType").is_some_and(|kind| kind != crate::protocol::SAGA);
        let records = if is_other_type { Vec::new() } else { engine.store().list(&filter).await? };
        let full = records.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let next = records.last().filter(|_| full).map_or_else(String::new, |record| record.id.to_string());
        let transactions: Vec<Value> = records.iter().map(view::transaction).collect();
        Ok(json!({ "transactions": transactions, "next_position": next }))
    })
    .await
}

fn text<'a>(asked: &'a Value, key: &str) -> Option<&'a str> {
    asked.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn number(asked: &Value, key: &str) -> Result<Option<i64>, Refused> {
    let parse = |text: &str| text.parse().map_err(|_| Refused::internal(&format!("{key}: {text:?} is no number")));
    text(asked, key).map(parse).transpose()
}

fn limit(asked: &Value) -> Result<u32, Refused> {
    let limit = number(asked, "limit")?.and_then(|limit| u32::try_from(limit).ok());
    Ok(limit.filter(|&limit| limit > 0).unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT))
}

fn filter(asked: &Value) -> Result<Filter, Refused> {
    let status = text(asked, "status")
        .map(|word| word.parse().map_err(|error| Refused::internal(&format!("status: {error}"))))
        .transpose()?;
    let positive = |key| number(asked, key).map(|value| value.filter(|&value| value > 0));
    Ok(Filter {
        gid: text(asked, "gid").map(str::to_owned),
        status,
        created_from: positive("createTimeStart")?,
        created_to: positive("createTimeEnd")?,
        below: number(asked, "position")?,
        limit: limit(asked)?,
    })
}

async fn force_stop(State(engine): Shared, body: Bytes) -> Response {
    counted(&engine, "forceStop", async {
        engine.force_stop(&body::gid(&body).map_err(SubmitError::from)?).await?;
        Ok(success(&[]))
    })
    .await
}

async fn reset_next_cron_time(State(engine): Shared, body: Bytes) -> Response {
    counted(&engine, "resetNextCronTime", async {
        engine.retry_now(&body::gid(&body).map_err(SubmitError::from)?).await?;
        Ok(success(&[]))
    })
    .await
}

async fn reset_cron_time(State(engine): Shared, RawQuery(raw): RawQuery) -> Response {
    counted(&engine, "resetCronTime", async {
        let asked = crate::form::parse(&raw.unwrap_or_default());
        let default = engine.conf().timeout_to_fail.saturating_mul(3);
        let after = number(&asked, "timeout")?.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(default);
        let (count, more) = engine.retry_all_now(after, limit(&asked)?).await?;
        Ok(success(&[("has_remaining", more.into()), ("succeed_count", count.into())]))
    })
    .await
}

async fn metrics(State(engine): Shared) -> Response {
    match engine.store().backlog().await {
        Ok(backlog) => (
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
            engine.metrics().text(backlog, now()),
        )
            .into_response(),
        Err(error) => {
            logx::error!(error:% = error; "dtm: backlog cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ping() -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], r#"{"msg":"pong"}"#).into_response()
}
