//! What the scenarios share: log lines read strictly, programs as child processes, ports, HTTP, go-zero's vectors.

pub mod lines;
pub mod vectors;
