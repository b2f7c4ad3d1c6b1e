//! dtm's protocol: saga client, sub-transaction barrier, coordinator.
//!
//! * An initiator writes a [`Saga`] and hands it to a [`DtmClient`].
//! * A branch runs its work inside a [`Barrier`], and answers with [`reply`].
//! * The coordinator is a real dtm server or the one in [`coordinator`]; nothing on the wire tells which.
#![deny(missing_docs)]

pub mod barrier;
pub mod client;
pub mod coordinator;
mod form;
pub mod gid;
pub mod protocol;
pub mod reply;
pub mod saga;
mod transaction;

pub use barrier::{Barrier, Called, Dialect, Fault, InvalidBranch, Work, work};
pub use client::{ClientError, DtmClient};
pub use protocol::Status;
pub use saga::{Saga, Step};
pub use transaction::{Branch, Outcome, Transaction};

/// The encoded descriptors of `proto/dtm.proto`, for server reflection.
const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// Messages and services of the wire protocol, generated from `proto/dtm.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    clippy::all,
    clippy::clone_on_ref_ptr,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod pb {
    tonic::include_proto!("dtmgimp");
}
