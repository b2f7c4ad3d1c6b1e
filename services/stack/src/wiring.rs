//! Tells user-api where the other services are, unless the configuration does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use kit::conf::RpcClientConf;
use kit::listen::local_addr;
use tokio::net::TcpListener;

use crate::{Listeners, StackConf};

pub(crate) fn connect(conf: &mut StackConf, listeners: &Listeners) {
    let api = &mut conf.user_api;
    point(&mut api.user_rpc, &listeners.user_rpc.main);
    point(&mut api.score_rpc, &listeners.score_rpc.main);
    if api.dtm.server.is_empty() {
        api.dtm.server = format!("direct:///{}", reachable(&listeners.dtm.grpc));
    }
    if api.dtm.http.is_empty() {
        api.dtm.http = format!("http://{}", reachable(&listeners.dtm.http));
    }
}

fn point(client: &mut RpcClientConf, listener: &TcpListener) {
    if client.target().is_empty() {
        client.endpoints = vec![reachable(listener).to_string()];
    }
}

/// The listener's address as this machine reaches it.
pub(crate) fn reachable(listener: &TcpListener) -> SocketAddr {
    let mut address = local_addr(listener);
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    address
}
