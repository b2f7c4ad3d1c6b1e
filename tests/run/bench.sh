#!/usr/bin/env bash
# The measurements: logx beside its rivals and a hand-written floor, and the log inspector beside jaq and jq.
#   BENCH=PART    one part of them: a part of tests/bench (see its README.md), or `cli`
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
part=${BENCH:-all}
if [ "$part" != cli ]; then
  cargo run --release --quiet --locked --manifest-path tests/bench/Cargo.toml -- "$part"
fi
if [ "$part" = cli ] || [ "$part" = all ]; then
  tests/bench/cli.sh
fi
