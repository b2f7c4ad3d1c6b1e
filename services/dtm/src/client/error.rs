use thiserror::Error;

/// Why nothing is known to have been done. A saga whose fate is open is no error but [`crate::Outcome::Pending`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's target or HTTP address is not usable.
    #[error("coordinator address: {0}")]
    Address(String),
    /// The saga cannot be sent.
    #[error("saga: {0}")]
    BadSaga(&'static str),
    /// The target does not lead to a coordinator now.
    #[error("coordinator not reachable: {0}")]
    Unreachable(String),
    /// The coordinator refused the request as such; nothing was stored.
    #[error("coordinator refused the request ({code:?}): {message}")]
    Rejected {
        /// Its status code.
        code: tonic::Code,
        /// Its text.
        message: String,
    },
    /// The coordinator's HTTP side was asked for without its address being configured.
    #[error("the coordinator's HTTP address is not configured")]
    NoHttp,
    /// The HTTP side answered what is no answer.
    #[error("coordinator's HTTP answer: {0}")]
    BadAnswer(String),
}
