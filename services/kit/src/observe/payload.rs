//! The request of a gRPC call as JSON, for its line: the layer sees bytes only, the handler has the message.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// Where a handler leaves its request for the line.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload(Arc<Mutex<String>>);

impl Payload {
    fn set<T: Serialize>(&self, message: &T) {
        let text = serde_json::to_string(message).unwrap_or_else(|e| format!("!error: {e}"));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    pub(super) fn get(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if text.is_empty() { "{}".into() } else { text }
    }
}

/// Notes a served request for its call line.
pub fn note<T: Serialize>(request: &tonic::Request<T>) {
    if let Some(slot) = request.extensions().get::<Payload>() {
        slot.set(request.get_ref());
    }
}

/// A request whose payload stands in the line if the call fails or is slow.
pub fn request<T: Serialize>(message: T) -> tonic::Request<T> {
    let slot = Payload::default();
    slot.set(&message);
    let mut request = tonic::Request::new(message);
    request.extensions_mut().insert(slot);
    request
}
