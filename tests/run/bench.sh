#!/usr/bin/env bash
# The measurements: logx beside its rivals and a hand-written floor, the log inspector beside jq and jaq, transactions beside a real dtm.
#   BENCH=PART                  one part of them: a part of tests/bench (see its README.md), `cli` or `transactions`
#   BENCH_SECONDS=3             how long each measurement of transactions takes
#   BENCH_ROUNDS=3              how often each of them is taken
#   BENCH_PARTS="empty history" only some parts of transactions: empty, called, history, memory, recovery
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
part=${BENCH:-all}
if [ "$part" != cli ] && [ "$part" != transactions ]; then
  # A processor takes 32 bytes of code a cycle: where a loop of 20 bytes lies across a boundary, a call that is off takes two
  # cycles for one. Every loop begins at a boundary, so that it is no matter of luck.
  RUSTFLAGS="${RUSTFLAGS:-} -C llvm-args=-x86-experimental-pref-innermost-loop-alignment=6" \
    cargo run --release --quiet --locked --manifest-path tests/bench/Cargo.toml -- "$part"
fi
if [ "$part" = cli ] || [ "$part" = all ]; then
  tests/bench/cli.sh
fi
if [ "$part" = transactions ] || [ "$part" = all ]; then
  cargo build --release --quiet --locked -p dtm-lite -p tests --bin dtm-lite --bin transactions
  # A folder on the disk that holds the project: elsewhere a store may only seem durable.
  mkdir -p target/tmp
  # Word by word: each part is an argument.
  # shellcheck disable=SC2086
  TMPDIR=$PWD/target/tmp target/release/transactions --seconds "${BENCH_SECONDS:-3}" --rounds "${BENCH_ROUNDS:-3}" ${BENCH_PARTS:-}
fi
