//! What the scenarios share: log lines read strictly and inspected, programs as child processes, ports, HTTP, a bad network,
//! go-zero's vectors.

pub mod build;
pub mod dtm;
pub mod gate;
pub mod http;
pub mod inspect;
pub mod jaeger;
pub mod lines;
pub mod ports;
pub mod program;
pub mod relay;
pub mod rows;
pub mod servers;
pub mod system;
pub mod traces;
pub mod vectors;
