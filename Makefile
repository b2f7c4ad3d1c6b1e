# The project's commands; README.md says when to use which.
# `make test` needs nothing but Rust and a C compiler; what it had to skip stands at its end.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: test servers lint bench soak fuzz

# Every test, and the checks against real servers that are there. Installs nothing.
test:
	@tests/run/test.sh

# The real servers: system packages where root, the Go toolchain for dtm and Jaeger. Nothing to do where they are there.
servers:
	@tests/run/servers.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The measurements, in release builds: rival libraries and a real dtm beside ours.
bench:
	@tests/run/bench.sh

# The fault and load scenarios at their full size.
soak:
	SCENARIO_SIZE=full cargo test -p tests --locked --release -- --nocapture --test-threads 1

# The hostile records through every writer, for FUZZ_SECONDS (60).
fuzz:
	@tests/run/fuzz.sh
