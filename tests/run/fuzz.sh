#!/usr/bin/env bash
# The hostile records: with cargo-fuzz where a nightly toolchain and cargo-fuzz are there, else the same properties under a stable runner.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-60}
if [ -d logx/fuzz ] && cargo fuzz --version >/dev/null 2>&1 && rustup run nightly rustc --version >/dev/null 2>&1; then
  for target in $(cd logx && cargo fuzz list); do
    echo "fuzz: $target for $seconds s"
    (cd logx && cargo +nightly fuzz run "$target" -- -max_total_time="$seconds")
  done
else
  echo "fuzz: no nightly toolchain with cargo-fuzz; the property tests with many cases instead"
  PROPTEST_CASES=${PROPTEST_CASES:-20000} timeout $((seconds * 10)) cargo test -p logx --release --locked
fi
