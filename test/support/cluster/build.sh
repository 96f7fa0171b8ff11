#!/usr/bin/env bash
# Builds kube-apiserver and kube-controller-manager from Debian's source package, once a version, into a cache folder
# outside the repo, and prints that folder. Takes 3 minutes on two cores the first time.
set -euo pipefail

KUBERNETES=1.20.5+really1.20.2 # as Debian writes 1.20.2; the last that serves all three Ingress APIs is 1.21
RECIPE=2 # raised when the same sources are built otherwise
GO=/usr/lib/go-1.19/bin
REFLECT2=/usr/share/gocode/src/github.com/modern-go/reflect2

# Of pairs command=package (or file=package): fails with one line that says what to install where commands are missing.
need() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%=*}" >/dev/null || [ -e "${pair%=*}" ] || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "the cluster tests need what this machine lacks: apt-get install ${missing[*]}" >&2
  exit 1
}

built() {
  local folder
  for folder in "$cache"/kubernetes-"$KUBERNETES"-*."$RECIPE"/; do
    [ -x "$folder/kube-apiserver" ] && [ -x "$folder/kube-controller-manager" ] && echo "${folder%/}" && return
  done
  return 1
}

# The configured mirrors of Debian as sources of source packages, for a configuration of apt's that is ours alone.
fetch_source() {
  mkdir -p apt/lists
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u >apt/sources.list
  if ! [ -s apt/sources.list ]; then
    echo "apt knows of no Debian mirror here: apt-get update, and again" >&2
    exit 1
  fi
  local options=(-q -o "Dir::Etc::SourceList=$PWD/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$PWD/apt/lists" -o APT::Sandbox::User=)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" source kubernetes
  if ! [ -e kubernetes_"$KUBERNETES"-*.dsc ]; then
    echo "Debian's kubernetes is not $KUBERNETES here: the cluster tests are made for Debian 12" >&2
    exit 1
  fi
}

build() {
  export GOPATH="$PWD/go" GOCACHE="$PWD/go-cache" GO111MODULE=off GOFLAGS= CGO_ENABLED=0 PATH="$GO:$PATH"
  mkdir -p go/src/k8s.io finished
  mv kubernetes-"$KUBERNETES" go/src/k8s.io/kubernetes
  cd go/src/k8s.io/kubernetes
  # The vendored 1.0.1 corrupts memory under Go 1.18 and newer: https://github.com/modern-go/reflect2/issues/24
  rm vendor/github.com/modern-go/reflect2/*.go vendor/github.com/modern-go/reflect2/*.s
  cp "$REFLECT2"/*.go "$REFLECT2"/*.s vendor/github.com/modern-go/reflect2/
  make gen_openapi
  local package flags="-s -w"
  for package in component-base/version client-go/pkg/version; do # what --version says, and what /version does
    local name=k8s.io/kubernetes/vendor/k8s.io/$package
    flags+=" -X $name.gitVersion=v1.20.2 -X $name.gitMajor=1 -X $name.gitMinor=20"
  done
  go build -ldflags "$flags" -o "$GOPATH/../finished" ./cmd/kube-apiserver ./cmd/kube-controller-manager
}

if [ -n "${KUBECONFIG:-}" ]; then
  need kubectl=kubernetes-client
  exit # the tests run against that cluster
fi
running=(etcd=etcd-server kubectl=kubernetes-client setpriv=util-linux)
building=($GO/go=golang-1.19-go $REFLECT2/reflect2.go=golang-github-modern-go-reflect2-dev dpkg-source=dpkg-dev make=make rsync=rsync jq=jq)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/edgress"
if built >/dev/null; then
  need "${running[@]}"
  built
  exit
fi
need "${running[@]}" "${building[@]}"

mkdir -p "$cache"
exec 9>"$cache/building"
flock 9 # one builds, others wait for it
built && exit
rm -rf "$cache"/building-* # of a build that was cut short
folder=$(mktemp -d "$cache/building-XXXXXX")
cleanup() {
  [ $? -eq 0 ] || tail -n 20 "$folder/log" >&2
  rm -rf "$folder"
}
trap cleanup EXIT
cd "$folder"
echo "building kube-apiserver and kube-controller-manager $KUBERNETES: some minutes, once" >&2
(
  fetch_source
  build
) >log 2>&1
debian=$(basename kubernetes_*.dsc .dsc)
target="$cache/kubernetes-${debian#kubernetes_}.$RECIPE"
rm -rf "$target" # where somebody took a part of it away
mv -T finished "$target"
built
