//! The gRPC service that grants points.

use std::process::ExitCode;

fn main() -> ExitCode {
    score_rpc::program().main()
}
