#!/usr/bin/env bash
# Installs Helm as a Go module into node_modules/.cache/helm, once. The tests of the chart look there first, then on PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v3.22.0
folder=$PWD/node_modules/.cache/helm
if [ -x "$folder/helm" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ]; then exit 0; fi
go=$(command -v go || ls /usr/local/go/bin/go 2>/dev/null || true)
if [ -z "$go" ]; then
  echo "Go not found: the chart is tested with Helm, which is installed as a Go module. Install Go, or Helm 3" >&2
  exit 1
fi
mkdir -p "$folder"
# From outside of the repository, because `go install` of a version needs no module around it.
(cd "$folder" && GOBIN=$folder GOFLAGS=-mod=mod "$go" install "helm.sh/helm/v3/cmd/helm@$version")
echo "$version" >"$folder/version"
