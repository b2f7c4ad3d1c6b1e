//! The saga coordinator.

use std::process::ExitCode;

fn main() -> ExitCode {
    dtm_lite::program().main()
}
