#!/usr/bin/env bash
# The measurements: logx beside its rivals and a hand-written floor.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
cargo run --release --quiet --locked --manifest-path tests/bench/Cargo.toml -- "${BENCH:-all}"
