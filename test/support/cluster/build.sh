#!/usr/bin/env bash
# Builds kube-apiserver and kube-controller-manager from Debian's source package, once per version, in a cache folder
# outside the repository, and prints that folder. The first build takes 3 minutes on two cores.
set -euo pipefail
source "$(dirname "$0")/build-cache.sh"

KUBERNETES=1.20.5+really1.20.2 # Debian name of 1.20.2. 1.21 is the last version with all three Ingress APIs
RECIPE=2 # increase it when the build steps change
GO=/usr/lib/go-1.19/bin
REFLECT2=/usr/share/gocode/src/github.com/modern-go/reflect2

built() {
  local folder
  for folder in "$cache"/kubernetes-"$KUBERNETES"-*."$RECIPE"/; do
    [ -x "$folder/kube-apiserver" ] && [ -x "$folder/kube-controller-manager" ] && echo "${folder%/}" && return
  done
  return 1
}

target() {
  local debian
  debian=$(basename kubernetes_*.dsc .dsc)
  echo "kubernetes-${debian#kubernetes_}.$RECIPE"
}

# Downloads the source package from the configured Debian mirrors, with a separate apt configuration.
fetch_source() {
  mkdir -p apt/lists
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u >apt/sources.list
  if ! [ -s apt/sources.list ]; then
    echo "Debian mirror not found. Run apt-get update and try again" >&2
    exit 1
  fi
  local options=(-q -o "Dir::Etc::SourceList=$PWD/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$PWD/apt/lists" -o APT::Sandbox::User=)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" source kubernetes
  if ! [ -e kubernetes_"$KUBERNETES"-*.dsc ]; then
    echo "unsupported kubernetes package: version must be $KUBERNETES. Use Debian 12" >&2
    exit 1
  fi
}

build() {
  fetch_source
  export GOPATH="$PWD/go" GOCACHE="$PWD/go-cache" GO111MODULE=off GOFLAGS= CGO_ENABLED=0 PATH="$GO:$PATH"
  mkdir -p go/src/k8s.io finished
  mv kubernetes-"$KUBERNETES" go/src/k8s.io/kubernetes
  cd go/src/k8s.io/kubernetes
  # The vendored 1.0.1 corrupts memory under Go 1.18 and newer: https://github.com/modern-go/reflect2/issues/24
  rm vendor/github.com/modern-go/reflect2/*.go vendor/github.com/modern-go/reflect2/*.s
  cp "$REFLECT2"/*.go "$REFLECT2"/*.s vendor/github.com/modern-go/reflect2/
  make gen_openapi
  local package flags="-s -w"
  for package in component-base/version client-go/pkg/version; do # the version in --version and /version
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
if built >/dev/null; then
  need "${running[@]}"
  built
  exit
fi
need "${running[@]}" "${building[@]}"

build_once "kube-apiserver and kube-controller-manager $KUBERNETES"
