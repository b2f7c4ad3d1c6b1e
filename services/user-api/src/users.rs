//! Reading users.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use kit::observe::request;
use proto::user::{IdRequest, ListRequest, UserResponse};
use proto::userscore;
use serde::Serialize;
use tonic::{Code, Status};

use crate::App;
use crate::answer::{UserView, success};
use crate::error::ApiError;

/// `GET /user/get/{id}`: the user with the present score.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    // A path that is no UTF-8 is no number either.
    let id = parse_id("id", &id.map(|Path(id)| id).unwrap_or_default())?;
    let (user, score) = tokio::join!(user_of(&app, id), score_of(&app, id));
    let user = user.map_err(|status| match status.code() {
        Code::NotFound => ApiError::NotFound("user"),
        _ => ApiError::Rpc(status),
    })?;
    Ok(success(UserView { id: user.id, name: user.name, gender: user.gender, score: score? }))
}

async fn user_of(app: &App, id: i64) -> Result<UserResponse, Status> {
    let mut users = app.clients.users.clone();
    let message = IdRequest { id: id.to_string() };
    let answer = app.clients.user(users.get_user(request(message))).await?;
    Ok(answer.into_inner())
}

/// The present score; a user without points has 0.
pub(crate) async fn score_of(app: &App, id: i64) -> Result<i32, Status> {
    let mut scores = app.clients.scores.clone();
    let call = scores.get_user_score(request(userscore::IdRequest { id }));
    match app.clients.score(call).await {
        Ok(answer) => Ok(answer.into_inner().score),
        Err(status) if status.code() == Code::NotFound => Ok(0),
        Err(status) => Err(status),
    }
}

#[derive(Serialize)]
struct Page {
    users: Vec<Row>,
    /// `after` of the next page; empty at the end.
    next: String,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    gender: String,
}

const MAX_PAGE: i32 = 100;

/// `GET /users?after=ID&limit=N`: a page of users in the order of their ids.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::input("query", "malformed", "the query cannot be read"))?;
    let after = match query.get("after").map(String::as_str) {
        None | Some("") => String::new(),
        Some(text) => parse_id("after", text)?.to_string(),
    };
    let limit = match query.get("limit") {
        None => 0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=MAX_PAGE).contains(n))
            .ok_or_else(|| ApiError::input("limit", "out_of_range", "limit: 1 to 100"))?,
    };
    let mut users = app.clients.users.clone();
    let call = users.list_users(request(ListRequest { after, limit }));
    let page = app.clients.user(call).await?.into_inner();
    let rows = page.users.into_iter().map(|u| Row { id: u.id, name: u.name, gender: u.gender });
    Ok(success(Page { users: rows.collect(), next: page.next }))
}

fn parse_id(field: &'static str, text: &str) -> Result<i64, ApiError> {
    text.parse()
        .ok()
        .filter(|id| *id >= 0)
        .ok_or_else(|| ApiError::input(field, "not_a_number", format!("{field}: decimal digits")))
}
