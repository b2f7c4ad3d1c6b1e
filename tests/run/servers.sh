#!/usr/bin/env bash
# Installs the real servers that the tests can use; a no-op for those that are there. Never fails for dtm and Jaeger: they are built
# by the Go toolchain, and a build that fails prints the end of its log and leaves a check to be skipped by name.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
. tests/run/common.sh

packages=()
{ [ -n "$(server mariadbd)" ] && [ -n "$(server mariadb)" ]; } || packages+=(mariadb-server-core mariadb-client-core)
[ -n "$(server etcd)" ] || packages+=(etcd-server etcd-client)
[ -n "$(server prometheus)" ] || packages+=(prometheus)
[ -n "$(server promtool)" ] || packages+=(prometheus)

if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "servers: installing ${packages[*]}"
    logged apt.log apt-get update
    logged apt.log env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
  else
    echo "servers: not root, or no apt-get; to be installed by hand: ${packages[*]}"
  fi
fi

# go_server NAME MODULE VERSION PACKAGE: built in a module of its own that requires the one wanted, and not by `go install`, which asks
# the proxy for the list of versions and refuses a module with replacements. Without cgo and symbols it is quicker.
go_server() {
  local name=$1 module=$2 version=$3 package=$4 bin folder
  [ -z "$(server "$name")" ] || return 0
  if ! command -v go >/dev/null; then
    echo "servers: $name not built: no Go toolchain"
    return 0
  fi
  bin=$(go env GOBIN)
  bin=${bin:-$(go env GOPATH)/bin}
  folder=$(mktemp -d)
  printf 'module servers\n\ngo 1.21\n\nrequire %s %s\n' "$module" "$version" >"$folder/go.mod"
  echo "servers: building $name ($package $version)"
  if (cd "$folder" && CGO_ENABLED=0 GOFLAGS='-p=2 -mod=mod -buildvcs=false' timeout 360 \
    go build -trimpath -ldflags='-s -w' -o "$bin/$name" "$package") >"$logs/$name.log" 2>&1; then
    rm -rf "$folder"
  else
    rm -rf "$folder"
    echo "servers: $name could not be built within 360 s; the end of its log:"
    tail -n 15 "$logs/$name.log" | sed 's/^/    /'
  fi
}
go_server dtm github.com/dtm-labs/dtm v1.19.0 github.com/dtm-labs/dtm
# Takes spans as Thrift over HTTP and as OTLP over gRPC and HTTP; its pages are placeholders, its API is whole.
go_server jaeger github.com/jaegertracing/jaeger v1.45.0 github.com/jaegertracing/jaeger/cmd/all-in-one

# dtm's Python client, into an environment of its own. Never fails: where it cannot be had, its checks are skipped by name.
python_client() {
  local folder=target/dtmcli
  ! "$folder/bin/python" -c "import dtmcli" 2>/dev/null || return 0
  if ! command -v python3 >/dev/null; then
    echo "servers: dtmcli not installed: no Python"
    return 0
  fi
  echo "servers: installing dtmcli"
  if ! (rm -rf "$folder" && python3 -m venv "$folder" && timeout 120 "$folder/bin/pip" install --quiet dtmcli==1.7.7.0) >"$logs/dtmcli.log" 2>&1; then
    # Without the interpreter's link no check takes a half environment for a whole one.
    rm -rf "$folder"
    echo "servers: dtmcli could not be installed; the end of its log:"
    tail -n 15 "$logs/dtmcli.log" | sed 's/^/    /'
  fi
}
python_client

for name in mariadbd etcd prometheus dtm jaeger; do
  where=$(server "$name")
  echo "servers: $name ${where:-is not there}"
done
