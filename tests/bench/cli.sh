#!/usr/bin/env bash
# The log inspector beside jaq, the program of the library that runs its expressions, and beside jq: MB of input a second of
# processor time, so that a busy machine blurs it less, the best of some rounds taken in turn; and the most memory held.
#   tests/bench/cli.sh [LOG]    LOG: JSON lines to repeat (default: one registration's lines)
#   CLI_BENCH_MB=256            size of the input
#   CLI_BENCH_HUGE_MB=4096      size of the input that memory is measured on, through a pipe; 0 leaves it out
#   CLI_BENCH_ROUNDS=3          rounds
#   CLI_BENCH_CHECK=1           status 1 when a target is missed
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
log=${1:-logx/tests/cli/registration.jsonl}
megabytes=${CLI_BENCH_MB:-256} huge=${CLI_BENCH_HUGE_MB:-4096} rounds=${CLI_BENCH_ROUNDS:-3}
jaq_version=3.1.2
# The targets: MB/s of validity alone, the share of jaq's speed with an expression, MiB of memory.
speed=300 share=0.6 memory=64

cargo build --release --quiet --locked -p logx --features cli --bin logx
logx=$PWD/target/release/logx
tools=$PWD/target/tools
PATH=$tools/bin:$PATH
if ! command -v jaq >/dev/null; then
  echo "installing jaq $jaq_version into target/tools"
  cargo install --quiet --locked --root "$tools" --target-dir "$tools/build" --version "$jaq_version" jaq || echo "jaq could not be installed"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for _ in $(seq 1 400); do cat "$log"; done >"$work/block"
# repeat MEGABYTES: the log again and again, whole lines only.
repeat() {
  local i blocks=$(($1 * 1000000 / $(stat -c %s "$work/block")))
  for ((i = 0; i <= blocks; i++)); do cat "$work/block"; done
}
repeat "$megabytes" >"$work/log"
bytes=$(stat -c %s "$work/log")

expression='.level == "fatal"'
names=() commands=()
candidate() {
  names+=("$1")
  shift
  commands+=("$(printf '%q ' "$@")")
}
candidate 'logx check' "$logx" check "$work/log"
candidate 'logx check --no-secrets' "$logx" check --no-secrets "$work/log"
candidate "logx check --forbid '$expression'" "$logx" check --forbid "$expression" "$work/log"
for program in jaq jq; do
  if command -v "$program" >/dev/null; then
    candidate "$program -c 'select($expression)'" "$program" -c "select($expression)" "$work/log"
  else
    echo "$program is not installed"
  fi
done

# Seconds of processor time of each command, the best of the rounds, and its most memory in KiB where GNU time is there.
declare -A best held
TIMEFORMAT='%U %S'
timed=/usr/bin/time
for ((round = 0; round < rounds; round++)); do
  for i in "${!names[@]}"; do
    used=$({ time eval "${commands[i]}" >/dev/null 2>"$work/errors"; } 2>&1) || {
      echo "${names[i]} failed: $(head -n 3 "$work/errors")"
      exit 1
    }
    best[$i]=$(awk -v used="$used" -v best="${best[$i]:-1e9}" 'BEGIN { split(used, t, " "); s = t[1] + t[2]; print (s < best ? s : best) }')
    if [ -x "$timed" ] && [ "$round" = 0 ]; then
      held[$i]=$(eval "$timed -f %M ${commands[i]}" 2>&1 >/dev/null | tail -n 1)
    fi
  done
done

rate() { awk -v bytes="$bytes" -v s="$1" 'BEGIN { printf "%.0f", bytes / 1e6 / s }'; }
missed=0
# target TEXT CONDITION
target() {
  if awk "BEGIN { exit !($2) }"; then echo "met: $1"; else
    echo "MISSED: $1"
    missed=1
  fi
}

echo "$((bytes / 1000000)) MB of $log"
printf '%-42s %8s %10s\n' command MB/s 'held MiB'
for i in "${!names[@]}"; do
  mib=$(awk -v k="${held[$i]:-}" 'BEGIN { if (k == "") print "-"; else printf "%.1f", k / 1024 }')
  printf '%-42s %8s %10s\n' "${names[i]}" "$(rate "${best[$i]}")" "$mib"
done
target "validity alone: $(rate "${best[0]}") MB/s a core, at least $speed" "$(rate "${best[0]}") >= $speed"
for i in "${!names[@]}"; do
  if [[ ${names[i]} == jaq* ]]; then
    ratio=$(awk -v ours="${best[2]}" -v theirs="${best[$i]}" 'BEGIN { printf "%.2f", theirs / ours }')
    target "with an expression: $ratio of jaq's speed, at least $share" "$ratio >= $share"
  fi
done

if [ "$huge" = 0 ]; then
  echo "memory on a large input: left out (CLI_BENCH_HUGE_MB=0)"
elif [ -x "$timed" ]; then
  kib=$(repeat "$huge" | "$timed" -f %M "$logx" check - 2>&1 >/dev/null | tail -n 1)
  target "$huge MB through a pipe: $(awk -v k="$kib" 'BEGIN { printf "%.1f", k / 1024 }') MiB held, at most $memory" "$kib <= $memory * 1024"
else
  echo "memory on a large input: not measured, $timed is not there"
fi
[ "${CLI_BENCH_CHECK:-}" != 1 ] || exit "$missed"
