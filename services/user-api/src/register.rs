//! `POST /register` and `GET /register/{gid}`.

mod gid;
mod in_flight;
mod input;
mod run;
mod saga;
mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;

use crate::App;
use crate::answer::{UserView, accepted, success};
use crate::error::ApiError;

pub(crate) use in_flight::InFlight;

use run::{Ended, Registered};

/// The wait for a result ends this long before the route's time is over.
const MARGIN: Duration = Duration::from_millis(500);
/// The wait where the route has no limit.
const UNLIMITED: Duration = Duration::from_secs(10);

/// Registers a user: 200 when done, 409 when refused and rolled back, 202 while undecided.
pub(crate) async fn register(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let until = Instant::now() + patience(&app, request.headers());
    let key = input::idempotency_key(request.headers())?;
    let limit = app.conf.rest.max_bytes;
    let wanted = input::read(request, limit).await?;
    let ended = run::run(&app, key.as_deref(), wanted, until).await?;
    Ok(match ended {
        Ended::Registered(user) => with_score(&app, user).await,
        Ended::Pending { gid } => accepted(&gid, status::PENDING),
    })
}

/// How long to wait: the route's time less the margin, or what the client asks for with `Prefer: wait=SECONDS` if that is shorter.
fn patience(app: &App, headers: &HeaderMap) -> Duration {
    let own = app.conf.rest.timeout.map_or(UNLIMITED, |t| t.saturating_sub(MARGIN));
    let wanted = headers
        .get("prefer")
        .and_then(|v| v.to_str().ok()?.trim().strip_prefix("wait=")?.parse().ok())
        .map(Duration::from_secs);
    wanted.map_or(own, |w| w.min(own))
}

async fn with_score(app: &App, user: Registered) -> Response {
    match crate::users::score_of(app, user.id).await {
        Ok(score) => success(UserView { id: user.id.to_string(), name: user.name, gender: user.gender, score }),
        // Registered all the same: a failure would make the caller register again.
        Err(_) => accepted(&user.gid, status::SUCCEEDED),
    }
}

/// Tells how a registration stands.
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    gid: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let gid = gid.map(|Path(gid)| gid).unwrap_or_default();
    let unknown = ApiError::NotFound("registration");
    if !gid::is_ours(&gid) {
        return Err(unknown);
    }
    let found = app.clients.dtm.status(&gid).await?;
    Ok(success(status::view(&found.ok_or(unknown)?)))
}
