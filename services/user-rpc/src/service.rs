//! The gRPC methods.

use std::sync::Arc;

use dtm::{Barrier, Fault};
use kit::observe::note;
use proto::user::user_server::User as UserMethods;
use proto::user::{IdRequest, ListRequest, ListResponse, UserRequest, UserResponse};
use tonic::{Request, Response, Status};

use crate::store::{NewUser, Store, User};

/// Longest name in characters.
const MAX_NAME: usize = 64;
const GENDERS: [&str; 3] = ["male", "female", "other"];
/// The request breaks a rule that no repetition can mend.
const INVALID_USER: &str = "invalid_user";
const DEFAULT_PAGE: i32 = 20;
const MAX_PAGE: i32 = 100;

/// The service `user.User`.
pub(crate) struct UserService {
    store: Arc<dyn Store>,
}

impl UserService {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl UserMethods for UserService {
    async fn get_user(&self, request: Request<IdRequest>) -> Answer<UserResponse> {
        note(&request);
        let id =
            parse_id(&request.get_ref().id)?.ok_or_else(|| Status::invalid_argument("id: a number is required"))?;
        let user = self.store.get(id).await.map_err(|e| unavailable(&e))?;
        user.map(|u| Response::new(message(u))).ok_or_else(|| Status::not_found("there is no user with this id"))
    }

    async fn save_user(&self, request: Request<UserRequest>) -> Answer<UserResponse> {
        note(&request);
        let barrier = Barrier::from_metadata(request.metadata())?;
        let user = request.get_ref();
        let id = checked(user)?;
        let new = NewUser { id, name: &user.name, gender: &user.gender };
        self.store.save(&barrier, new).await?;
        // A repetition is answered like the first call; a late action has stored nothing.
        let stored = self.store.of_branch(&barrier).await;
        let stored = stored.map_err(|e| unavailable(&e))?;
        Ok(Response::new(stored.map_or_else(UserResponse::default, message)))
    }

    async fn save_user_callback(&self, request: Request<UserRequest>) -> Answer<UserResponse> {
        note(&request);
        let barrier = Barrier::from_metadata(request.metadata())?;
        self.store.undo(&barrier).await?;
        Ok(Response::new(UserResponse::default()))
    }

    async fn list_users(&self, request: Request<ListRequest>) -> Answer<ListResponse> {
        note(&request);
        let page = request.get_ref();
        let after = parse_id(&page.after)?.unwrap_or(0);
        let limit = match page.limit {
            0 => DEFAULT_PAGE,
            n @ 1..=MAX_PAGE => n,
            _ => return Err(Status::invalid_argument("limit: 1 to 100 is allowed")),
        };
        let users = self.store.list(after, i64::from(limit)).await;
        let users = users.map_err(|e| unavailable(&e))?;
        let next = if users.len() < limit as usize {
            String::new()
        } else {
            users.last().map_or_else(String::new, |u| u.id.to_string())
        };
        let users = users.into_iter().map(message).collect();
        Ok(Response::new(ListResponse { users, next }))
    }
}

fn parse_id(text: &str) -> Result<Option<i64>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = text.parse().ok().filter(|id| *id >= 0);
    id.map(Some).ok_or_else(|| Status::invalid_argument("id: a number of 63 bits is required"))
}

/// The id of a request that keeps the rules. A coordinator would repeat any other error than a refusal for ever.
fn checked(user: &UserRequest) -> Result<Option<i64>, Fault> {
    let invalid = || Fault::refused(INVALID_USER);
    let length = user.name.chars().count();
    if !(1..=MAX_NAME).contains(&length) || !GENDERS.contains(&user.gender.as_str()) {
        return Err(invalid());
    }
    let id = parse_id(&user.id).map_err(|_| invalid())?;
    if id == Some(0) { Err(invalid()) } else { Ok(id) }
}

fn message(user: User) -> UserResponse {
    UserResponse { id: user.id.to_string(), name: user.name, gender: user.gender }
}

fn unavailable(error: &sqlx::Error) -> Status {
    dtm::reply::unavailable(error)
}
