#!/usr/bin/env bash
# Builds kube-apiserver 1.36 from its Go modules, once per version, in a cache folder outside the repository, and prints that
# folder. Tests use it for APIs that 1.20 does not have. The first build takes 4 minutes on two cores.
set -euo pipefail
source "$(dirname "$0")/build-cache.sh"

KUBERNETES=1.36.3
STAGING=v0.36.3 # version of the modules k8s.io/… that are released with it
GO_VERSION=1.26 # Kubernetes 1.36 needs it
RECIPE=1        # increase it when the build steps change

target() { echo "kubernetes-$KUBERNETES.$RECIPE"; }

built() { [ -x "$cache/$(target)/kube-apiserver" ] && echo "$cache/$(target)"; }

# The checksum database verifies all modules.
build() {
  export GOMODCACHE="$PWD/modules" GOCACHE="$PWD/go-cache" GOFLAGS="-mod=mod -modcacherw" GOWORK=off CGO_ENABLED=0
  mkdir finished module
  cd module
  "$go" mod init edgress.test/kube-apiserver
  "$go" mod edit -require="k8s.io/kubernetes@v$KUBERNETES"
  "$go" mod download "k8s.io/kubernetes@v$KUBERNETES"
  local name
  # Kubernetes requires them as v0.0.0, and replaces them with its own folders.
  for name in $(awk '$2 == "v0.0.0" { print $1 }' "$GOMODCACHE/cache/download/k8s.io/kubernetes/@v/v$KUBERNETES.mod"); do
    "$go" mod edit -replace="$name=$name@$STAGING"
  done
  "$go" build -trimpath -ldflags "-s -w" -o ../finished k8s.io/kubernetes/cmd/kube-apiserver
}

[ -z "${KUBECONFIG:-}" ] || exit 0 # the tests run against that cluster
need etcd=etcd-server kubectl=kubernetes-client setpriv=util-linux
built && exit

find_go "kube-apiserver $KUBERNETES" "$GO_VERSION"
build_once "kube-apiserver $KUBERNETES"
