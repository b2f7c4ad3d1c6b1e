//! The gRPC service that stores users.

use std::process::ExitCode;

fn main() -> ExitCode {
    user_rpc::program().main()
}
