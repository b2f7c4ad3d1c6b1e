//! Runs a registration to its end, or until the caller's patience is.

use std::time::Duration;

use dtm::reply::reason_code;
use dtm::{Outcome, Transaction};
use opentelemetry::trace::{SpanBuilder, SpanKind};
use tokio::time::Instant;

use super::input::Wanted;
use super::{gid, saga};
use crate::App;
use crate::error::ApiError;

/// How often an id that turns out to be taken is replaced.
const ATTEMPTS: u32 = 3;
/// user-rpc's word for it.
const DUPLICATE_ID: &str = "duplicate_id";
/// Time to hand a saga over, also for a caller without patience; within the margin before the route's limit.
const HAND_OVER: Duration = Duration::from_millis(400);
/// The pause between two questions for the state.
const POLL: Duration = Duration::from_millis(100);

/// How a registration stands when the answer is due.
#[derive(Debug)]
pub(super) enum Ended {
    Registered(Registered),
    Pending { gid: String },
}

/// A user who is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) gid: String,
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) gender: String,
}

/// Registers, or finds out what became of the registration with the same key.
pub(super) async fn run(app: &App, key: Option<&str>, wanted: Wanted, until: Instant) -> Result<Ended, ApiError> {
    let _turn = match key {
        Some(_) => {
            let name = gid::of(key, 1);
            let turn = app.in_flight.turn(name.clone());
            match tokio::time::timeout_at(until, turn).await {
                Ok(turn) => Some(turn),
                Err(_) => return Ok(Ended::Pending { gid: name }),
            }
        }
        None => None,
    };
    for attempt in 1..=ATTEMPTS {
        let gid = gid::of(key, attempt);
        let (id, outcome) = one_attempt(app, key.is_some(), &gid, &wanted, until).await?;
        match outcome {
            Outcome::Succeeded => {
                return Ok(Ended::Registered(Registered { gid, id, name: wanted.name, gender: wanted.gender }));
            }
            Outcome::Pending { .. } => return Ok(Ended::Pending { gid }),
            Outcome::RolledBack { reason } => {
                let code = reason_code(&reason);
                if code == Some(DUPLICATE_ID) && attempt < ATTEMPTS {
                    logx::warn!("id {id} of {gid} is taken, a new one is tried");
                    continue;
                }
                logx::info!("registration {gid} was rolled back: {reason}");
                let code = code.map(str::to_owned);
                return Err(ApiError::Refused { gid, code });
            }
        }
    }
    Err(ApiError::Internal("no attempt was made".into()))
}

/// One saga: the stored one if there is one, else a new one.
async fn one_attempt(
    app: &App,
    keyed: bool,
    gid: &str,
    wanted: &Wanted,
    until: Instant,
) -> Result<(i64, Outcome), ApiError> {
    if keyed && let Some(found) = app.clients.dtm.status(gid).await? {
        return resume(app, &found, wanted, until).await;
    }
    let id = app.ids.next().await;
    let submitted = submit(app, gid, id, wanted, until).await;
    match submitted {
        // Another instance was first with this key.
        Err(ApiError::Coordinator(dtm::ClientError::Rejected { .. })) if keyed => {
            match app.clients.dtm.status(gid).await? {
                Some(found) => resume(app, &found, wanted, until).await,
                None => submitted.map(|outcome| (id, outcome)),
            }
        }
        Ok(Outcome::Pending { .. }) => Ok((id, wait(app, gid, until).await)),
        ended => ended.map(|outcome| (id, outcome)),
    }
}

async fn submit(app: &App, gid: &str, id: i64, wanted: &Wanted, until: Instant) -> Result<Outcome, ApiError> {
    let builder = SpanBuilder::from_name("saga register").with_kind(SpanKind::Client);
    let work = async {
        let mut saga = saga::build(&app.conf, gid, id, wanted)?;
        let mut left = until.saturating_duration_since(Instant::now());
        if left < HAND_OVER {
            // Whoever does not want to wait for the end still wants it to begin.
            saga = saga.wait_result(false);
            left = HAND_OVER;
        }
        Ok(app.clients.dtm.submit_within(&saga, left).await?)
    };
    app.telemetry.traced(builder, work).await
}

/// A key seen before: the id and the request are the stored ones.
async fn resume(app: &App, found: &Transaction, wanted: &Wanted, until: Instant) -> Result<(i64, Outcome), ApiError> {
    let (id, stored) = saga::stored(found)?;
    if stored != *wanted {
        return Err(ApiError::KeyReused);
    }
    Ok(match found.outcome() {
        Outcome::Pending { .. } => (id, wait(app, &found.gid, until).await),
        ended => (id, ended),
    })
}

/// Asks until the end is known or the time is over. A question without an answer is no end.
async fn wait(app: &App, gid: &str, until: Instant) -> Outcome {
    loop {
        let asked = tokio::time::timeout_at(until, app.clients.dtm.status(gid)).await;
        if let Ok(Ok(Some(found))) = asked
            && !matches!(found.outcome(), Outcome::Pending { .. })
        {
            return found.outcome();
        }
        if Instant::now() + POLL >= until {
            return Outcome::Pending { gid: gid.into() };
        }
        tokio::time::sleep(POLL).await;
    }
}
