//! Target strings and what stands behind them.
//!
//! A target says where a service is: `127.0.0.1:8080`, `direct:///a:1,b:2`, `dns:///svc:8080`, `etcd://host:2379/key`. [`Target`] parses
//! one, [`connect`] makes a load-balanced gRPC channel of it, [`split_method`] and [`join_method`] convert between a target with a gRPC
//! method and the one-string form in which a coordinator calls branches.
#![deny(missing_docs)]

mod balance;
mod connect;
mod error;
pub mod etcd;
mod target;
mod url;

pub use balance::Channel;
pub use connect::{connect, connect_to, endpoint};
pub use error::Error;
pub use etcd::{Registration, register, unique_id};
pub use target::{EtcdTarget, Target};
pub use url::{join_method, split_method, without_password};
