//! The HTTP service: register a user, read users.

use std::process::ExitCode;

fn main() -> ExitCode {
    user_api::program().main()
}
