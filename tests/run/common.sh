# What the scripts share. Sourced from the repository's root.

logs=$PWD/target/logs
mkdir -p "$logs"

# Where a server's program is: on the path, in the system's server folder, or where Go installs. Nothing when it is nowhere.
server() {
  local dirs=$PATH:/usr/sbin:/usr/local/sbin dir
  if command -v go >/dev/null; then dirs=$dirs:$(go env GOBIN):$(go env GOPATH)/bin; fi
  local IFS=:
  for dir in $dirs; do
    if [ -x "$dir/$1" ]; then
      echo "$dir/$1"
      return 0
    fi
  done
}

# logged FILE COMMAND...: quiet when it succeeds, the end of its output when it fails.
logged() {
  local file=$logs/$1
  shift
  if ! "$@" >>"$file" 2>&1; then
    echo "failed: $*"
    tail -n 30 "$file"
    return 1
  fi
}
