//! A server's entry in etcd.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use discovery::Registration;

use crate::conf::EtcdConf;

/// The pause between attempts while etcd is away.
const RETRY: Duration = Duration::from_secs(1);
/// An address that is on no network: asking the way to it sends nothing.
const NOWHERE: (&str, u16) = ("192.0.2.1", 9);

/// Registers, and tries again for as long as etcd does not answer; one line says so, one that it is done.
pub(super) async fn register(conf: &EtcdConf, address: &str) -> Registration {
    let target = conf.target();
    let mut told = false;
    loop {
        match discovery::register(&target, conf.id, address).await {
            Ok(entry) => {
                logx::info!("etcd publisher: {address} is registered as {}", conf.key);
                return entry;
            }
            Err(e) if !told => {
                logx::error!("etcd publisher: {} cannot be registered, trying again each second: {e}", conf.key);
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// The address that others are told, by go-zero's rule: the configured host if it is one; else `POD_IP`; else this machine's own address.
pub(super) fn published(listening: SocketAddr, pod_ip: Option<String>) -> String {
    let ip = if listening.ip().is_unspecified() {
        let pod = pod_ip.and_then(|ip| ip.parse::<IpAddr>().ok());
        pod.or_else(own_address).unwrap_or(listening.ip())
    } else {
        listening.ip()
    };
    SocketAddr::new(ip, listening.port()).to_string()
}

/// The address from which this machine reaches others.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect(NOWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::published;

    #[test]
    fn others_are_told_an_address_that_they_can_reach() {
        let at = |address: &str, pod: Option<&str>| published(address.parse().unwrap(), pod.map(str::to_owned));
        assert_eq!(at("127.0.0.1:8080", Some("10.0.0.9")), "127.0.0.1:8080");
        assert_eq!(at("0.0.0.0:8080", Some("10.0.0.9")), "10.0.0.9:8080");
        let own = at("0.0.0.0:8080", Some("nonsense"));
        assert!(own.ends_with(":8080"), "{own}");
        assert_eq!(own, at("0.0.0.0:8080", None));
    }
}
