//! How many requests of one route run at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use super::ErrorBody;

/// Counts the requests of each route.
#[derive(Debug)]
pub(super) struct Conns {
    most: usize,
    /// By method and pattern, so there are as many as routes.
    routes: Mutex<HashMap<(String, String), Arc<Semaphore>>>,
}

impl Conns {
    pub(super) fn new(most: usize) -> Arc<Self> {
        // A semaphore cannot count further.
        Arc::new(Self { most: most.min(Semaphore::MAX_PERMITS), routes: Mutex::default() })
    }

    fn of(&self, method: &str, pattern: &str) -> Arc<Semaphore> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let route = routes.entry((method.to_owned(), pattern.to_owned()));
        Arc::clone(route.or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }
}

/// Refuses a request with 503 while as many of its route are running as may.
pub(super) async fn limit(State(conns): State<Arc<Conns>>, request: Request, next: Next) -> Response {
    let Some(pattern) = request.extensions().get::<MatchedPath>() else { return next.run(request).await };
    let route = conns.of(request.method().as_str(), pattern.as_str());
    match route.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            let (uri, most) = (request.uri(), conns.most);
            logx::error!("({uri}) concurrent connections over {most}, rejected with code 503");
            ErrorBody::new("busy", "too many requests at once").with_status(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
