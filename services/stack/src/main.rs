//! The whole system in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    stack::program().main()
}
