#!/usr/bin/env bash
# The hostile records through every backend: with cargo-fuzz where a nightly toolchain and cargo-fuzz are there, else the
# same target with random inputs under a stable compiler.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-60}
if cargo fuzz --version >/dev/null 2>&1 && rustup run nightly rustc --version >/dev/null 2>&1; then
  # Not what `cargo fuzz list` says: it takes the stable runner for a target.
  for file in logx/fuzz/fuzz_targets/*.rs; do
    target=$(basename "$file" .rs)
    echo "fuzz: $target for $seconds s"
    (cd logx && cargo +nightly fuzz run "$target" -- -max_total_time="$seconds")
  done
else
  echo "fuzz: no nightly toolchain with cargo-fuzz; the same target with random inputs for $seconds s"
  (cd logx/fuzz && cargo run --release --locked --no-default-features --bin stable -- "$seconds" "${FUZZ_SEED:-1}")
fi
