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

# What the test programs print, for the closing summary.
output=$PWD/target/test-output.txt
: >"$output"
run() { "$@" 2>&1 | tee -a "$output"; }

status=0
run cargo test --workspace --locked --no-fail-fast || status=$?
# Off by default, and so not among the workspace's.
run cargo test -p logx-tracing --features opentelemetry --test opentelemetry --locked || status=$?
# The services' other way for libraries' events; the workspace's kit is built with slog alone.
run cargo test --workspace --features kit/tracing --test library_events --locked || status=$?

echo
ran=$(grep -c $'\tran$' "$REAL_SERVER_REPORT" || true)
skipped=$(grep -v $'\tran$' "$REAL_SERVER_REPORT" || true)
echo "checks against real servers: $ran ran"
if [ -n "$skipped" ]; then
  echo "skipped:"
  printf '%s\n' "$skipped" | awk -F '\t' '{ printf "    %s (%s): %s\n", $1, $2, $3 }'
fi
if [ "$status" -ne 0 ]; then
  printf '\nfailed, with what each printed:\n'
  awk '/^failures:$/ { failed = 1 } /^test result: / { failed = 0 } failed || /^error/' "$output"
fi
exit "$status"
