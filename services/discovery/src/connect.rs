use std::time::Duration;

use tonic::transport::Endpoint;

use crate::{Channel, Error, Target};

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// An idle connection is probed this often, so that a peer that vanished without a word is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Parses a target and connects to it; see [`connect_to`].
///
/// # Errors
/// What is wrong with the target.
pub async fn connect(target: &str) -> Result<Channel, Error> {
    connect_to(&target.parse()?).await
}

/// A channel to the target, balanced over its addresses. The connections are made at the first call and again whenever one is lost.
///
/// An etcd target is watched from then on: who registers is used, who leaves is not, and while etcd is away the last known addresses stay. The
/// watch ends with the last clone of the channel.
///
/// # Errors
/// An address that cannot be used; for an etcd target also that nothing is registered, or that etcd does not answer, after 5 s.
pub async fn connect_to(target: &Target) -> Result<Channel, Error> {
    match target {
        Target::Direct(addresses) => fixed(addresses),
        Target::Dns(name) => fixed(std::slice::from_ref(name)),
        Target::Etcd(etcd) => crate::etcd::channel(etcd).await,
    }
}

fn fixed(addresses: &[String]) -> Result<Channel, Error> {
    let endpoints = addresses.iter().map(|address| Ok((address.clone(), endpoint(address)?)));
    Ok(Channel::fixed(endpoints.collect::<Result<Vec<_>, Error>>()?))
}

/// The connection settings of every channel: 3 s to connect, no Nagle delay, keep-alive every 30 s.
///
/// # Errors
/// `address` is no `host:port`.
pub fn endpoint(address: &str) -> Result<Endpoint, Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Error::BadAddress { address: address.to_owned(), reason: error.to_string() })?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(false))
}
