//! Services in etcd, in go-zero's form: each instance has the key `<key>/<lease id>` with the value `host:port`, under a lease of 10 s.
//!
//! *What it promises*: a registration stays as long as its process lives and is back within seconds after etcd was away or forgot it; a channel
//! follows what is registered. *When it fails*: etcd being away changes nothing at first: the last known addresses are used, and both sides try
//! again, slower and slower up to 5 s, for ever.

mod client;
mod register;
mod resolve;

pub use register::{Registration, register, unique_id};
pub(crate) use resolve::channel;

/// Messages and clients generated from `proto/etcd.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    clippy::all,
    clippy::clone_on_ref_ptr,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub(crate) mod pb {
    tonic::include_proto!("etcdserverpb");
}
