use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::{BranchCall, refusal};
use crate::coordinator::machine::Answer;
use crate::protocol::{SAGA, query, result};

/// Of a longer answer only its status counts.
const MAX_BODY: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Http {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    pub(super) async fn call(&self, call: BranchCall<'_>) -> Answer {
        let request = match request(call) {
            Ok(request) => request,
            Err(error) => return Answer::Unknown(error),
        };
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return Answer::Unknown(crate::client::chain(&error)),
        };
        let status = response.status();
        crate::coordinator::trace::http_status(status.as_u16());
        match Limited::new(response.into_body(), MAX_BODY).collect().await {
            Ok(body) => classify(call.url, status, &String::from_utf8_lossy(&body.to_bytes())),
            Err(error) => Answer::Unknown(format!("{status}, and its body broke off: {error}")),
        }
    }
}

fn request(call: BranchCall<'_>) -> Result<Request<Full<Bytes>>, String> {
    if call.url.starts_with("https://") {
        return Err("https branches are not available; use http or gRPC".to_owned());
    }
    let mut url = call.url.to_owned();
    let mut mark = if url.contains('?') { '&' } else { '?' };
    for (name, value) in
        [(query::GID, call.gid), (query::TRANS_TYPE, SAGA), (query::BRANCH_ID, call.branch_id), (query::OP, call.op)]
    {
        // Writing to a String cannot fail.
        let _ = write!(url, "{mark}{name}={}", crate::form::escape(value));
        mark = '&';
    }
    // dtm calls without a payload by GET.
    let method = if call.payload.is_empty() { Method::GET } else { Method::POST };
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::copy_from_slice(call.payload)))
        .map_err(|error| format!("url {:?}: {error}", discovery::without_password(call.url)))?;
    for (name, value) in call.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
    }
    Ok(request)
}

/// dtm takes the words anywhere in a body of any status as its answer, a 200 included. Only a whole-body word or a `dtm_result` field is
/// taken so here: an answer that merely quotes one of the words is none.
fn classify(url: &str, status: StatusCode, body: &str) -> Answer {
    let word = word(body);
    if status == StatusCode::TOO_EARLY || word == Some(result::ONGOING) {
        return Answer::Ongoing;
    }
    if status == StatusCode::CONFLICT || word == Some(result::FAILURE) {
        return refusal(url, body);
    }
    if status == StatusCode::OK {
        return Answer::Done;
    }
    Answer::Unknown(format!("{status}: {body}"))
}

fn word(body: &str) -> Option<&'static str> {
    let known = |text: &str| [result::ONGOING, result::FAILURE].into_iter().find(|word| *word == text);
    let body = body.trim();
    if let Some(word) = known(body.trim_matches('"')) {
        return Some(word);
    }
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    known(json.get("dtm_result")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_status_and_result_word() {
        let kind = |status: u16, body: &str| match classify("u", StatusCode::from_u16(status).unwrap(), body) {
            Answer::Done => 'd',
            Answer::Refused(_) => 'r',
            Answer::Ongoing => 'o',
            Answer::Unknown(_) => 'u',
        };
        for (status, body, wanted) in [
            (200, "", 'd'),
            (200, r#"{"dtm_result":"SUCCESS"}"#, 'd'),
            (200, r#"{"dtm_result":"FAILURE"}"#, 'r'),
            (200, r#"{"dtm_result":"ONGOING"}"#, 'o'),
            (200, "FAILURE", 'r'),
            (200, r#"{"title":"HEART FAILURE"}"#, 'd'),
            (409, "no", 'r'),
            (425, "", 'o'),
            (404, "", 'u'),
            (500, "FAILURE of a disk", 'u'),
        ] {
            assert_eq!(kind(status, body), wanted, "{status} {body}");
        }
    }
}
