#!/usr/bin/env bash
# The log inspector beside jq and jaq: processor time, so that a busy machine does not blur it.
#   tests/bench/cli.sh [LOG]    LOG: JSON lines to repeat (default: one registration's lines)
#   CLI_BENCH_MB=512            size of the plain input
#   CLI_BENCH_HUGE=1            also the memory on 4 GiB, through a pipe
set -euo pipefail
cd "$(dirname "$0")/../.."
log=${1:-logx/tests/cli/registration.jsonl}
megabytes=${CLI_BENCH_MB:-512}
cargo build --release --quiet --locked -p logx --features cli --bin logx
logx=$PWD/target/release/logx
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# repeat BYTES: the log again and again, whole lines only.
repeat() {
  while cat "$work/block"; do :; done 2>/dev/null | head -c "$1" | sed '$d'
}
for _ in $(seq 1 400); do cat "$log"; done >"$work/block"
repeat $((megabytes * 1000000)) >"$work/log"
bytes=$(stat -c %s "$work/log")
expr='.level == "fatal"'

# measure NAME COMMAND...: MB of input a second of processor time, and the most memory it held.
measure() {
  local name=$1
  shift
  TIMEFORMAT='%U %S'
  local used
  used=$({ time "$@" >/dev/null 2>&1; } 2>&1 | tail -n 1)
  awk -v name="$name" -v bytes="$bytes" -v used="$used" \
    'BEGIN { split(used, t, " "); printf "%-34s %8.0f MB/s\n", name, bytes / 1e6 / (t[1] + t[2]) }'
}

echo "$((bytes / 1000000)) MB of $log"
measure "logx check" "$logx" check "$work/log"
measure "logx check --forbid EXPR" "$logx" check --forbid "$expr" "$work/log"
measure "logx check --no-secrets" "$logx" check --no-secrets "$work/log"
if command -v jaq >/dev/null; then measure "jaq -c 'select(EXPR)'" jaq -c "select($expr)" "$work/log"; else echo "jaq is not installed"; fi
if command -v jq >/dev/null; then measure "jq -c 'select(EXPR)'" jq -c "select($expr)" "$work/log"; else echo "jq is not installed"; fi

if [ "${CLI_BENCH_HUGE:-}" = 1 ] && [ -x /usr/bin/time ]; then
  repeat $((4 << 30)) | /usr/bin/time -f '4 GiB through a pipe: %M KiB held at most' "$logx" check - >/dev/null
fi
