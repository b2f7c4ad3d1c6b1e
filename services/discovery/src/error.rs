use thiserror::Error;

/// Why a target cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a target.
    #[error("target {target:?}: {reason}")]
    BadTarget {
        /// The text as given, without a password.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address of the target is no `host:port`.
    #[error("address {address:?}: {reason}")]
    BadAddress {
        /// The address as given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A branch URL without `/package.Service/Method` at its end.
    #[error("url {url:?} does not end in /package.Service/Method")]
    NoMethod {
        /// The URL as given.
        url: String,
    },
    /// Nothing is registered under the key.
    #[error("nothing is registered under {key:?} in etcd at {hosts}")]
    NoAddress {
        /// The key.
        key: String,
        /// The hosts that were asked.
        hosts: String,
    },
    /// etcd cannot be asked.
    #[error("etcd at {hosts}: {reason}")]
    Etcd {
        /// The hosts that were asked.
        hosts: String,
        /// What went wrong.
        reason: String,
    },
}
