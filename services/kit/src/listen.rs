//! Opening ports, with an error that names the port.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// A port that cannot be opened; one line.
#[derive(Debug, thiserror::Error)]
#[error("{service}: cannot listen on {address}: {}", reason(.source))]
pub struct ListenError {
    /// The service and what the port is for.
    pub service: String,
    /// `host:port` as configured.
    pub address: String,
    /// What the system said.
    pub source: io::Error,
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use".into(),
        io::ErrorKind::PermissionDenied => "no permission for this port".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
        _ => error.to_string(),
    }
}

/// Opens `host:port`; an empty host means every interface.
///
/// # Errors
/// The port is in use, or the address is none of this machine's.
pub async fn bind(service: &str, address: &str) -> Result<TcpListener, ListenError> {
    let full = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
    TcpListener::bind(&full).await.map_err(|source| ListenError {
        service: service.to_owned(),
        address: address.to_owned(),
        source,
    })
}

/// The address that a listener got; unspecified if the system does not say.
pub fn local_addr(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
}
