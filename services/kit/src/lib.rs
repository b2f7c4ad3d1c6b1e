//! What every service's main needs: configuration, telemetry, start and stop.
//!
//! Nothing here belongs to the process but the logger: each service owns its metrics, its tracer and its health, so that several can live in
//! one process without seeing each other.

pub mod admin;
pub mod conf;
pub mod db;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod observe;
pub mod program;
pub mod rest;
pub mod rpc;
pub mod serve;
pub mod signal;
mod stat;
mod telemetry;
pub mod trace;

pub use program::{Program, Running, StartError};
pub use telemetry::Telemetry;
pub use tokio_util::sync::CancellationToken;
