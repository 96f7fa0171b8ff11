# Sourced by the build scripts. Each defines `built`, which prints the folder of a finished build, `build`, which writes the
# binaries to `finished`, and `target`, which prints the name of the folder for them.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/edgress"

# Takes pairs command=package or file=package. Exits with an install command if some are missing.
need() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%=*}" >/dev/null || [ -e "${pair%=*}" ] || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "packages not found for the cluster tests. Run: apt-get install ${missing[*]}" >&2
  exit 1
}

# Sets `go`. Exits with 3 and a message if the installed Go is older than a program needs.
find_go() {
  export GOTOOLCHAIN=local
  go=$(command -v go || echo /usr/local/go/bin/go)
  local found
  found=$("$go" env GOVERSION 2>/dev/null || echo "not found")
  if [[ $found != go* ]] || ! printf '%s\n' "go$2" "$found" | sort --check=quiet --version-sort; then
    echo "unsupported Go: $found. $1 needs Go $2 or newer: install it from https://go.dev/dl/" >&2
    exit 3
  fi
}

cleanup() {
  [ $? -eq 0 ] || tail -n 20 "$folder/log" >&2
  rm -rf "$folder"
}

# Runs `build` in an empty folder, once for all processes, and prints the folder of the binaries.
build_once() {
  mkdir -p "$cache"
  exec 9>"$cache/building"
  flock 9 # other builds wait
  built && return
  rm -rf "$cache"/building-* # left by an interrupted build
  folder=$(mktemp -d "$cache/building-XXXXXX")
  trap cleanup EXIT
  cd "$folder"
  echo "building $1; the first build takes some minutes" >&2
  (build) >log 2>&1
  local finished="$cache/$(target)"
  rm -rf "$finished" # an incomplete earlier build
  mv -T finished "$finished"
  built
}
