#!/usr/bin/env bash
# `make test`: every test of the workspace, the real-server checks among them; then each check that was skipped, and why.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
. tests/run/common.sh

# Each check against a real server writes its name and "ran" or the reason why not; see tests/src/servers.rs.
export REAL_SERVER_REPORT=$PWD/target/real-servers.txt
: >"$REAL_SERVER_REPORT"
# Without the color codes of a terminal the closing lines can be found by a program as well.
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}

status=0
cargo test --workspace --locked --no-fail-fast || status=$?
# Off by default, and so not among the workspace's.
cargo test -p logx-tracing --features opentelemetry --test opentelemetry --locked || status=$?
# The services' other way for libraries' events; the workspace's kit is built with slog alone.
cargo test --workspace --features kit/tracing --test library_events --locked || status=$?

echo
ran=$(grep -c $'\tran$' "$REAL_SERVER_REPORT" || true)
skipped=$(grep -v $'\tran$' "$REAL_SERVER_REPORT" || true)
echo "checks against real servers: $ran ran"
if [ -n "$skipped" ]; then
  echo "skipped:"
  printf '%s\n' "$skipped" | awk -F '\t' '{ printf "    %s (%s): %s\n", $1, $2, $3 }'
fi
exit "$status"
