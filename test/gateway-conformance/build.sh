#!/usr/bin/env bash
# Builds the conformance suite of the Gateway API. Prints the path of its program, and the folder of its resource definitions.
# The first build takes 2 minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")"
source ../support/cluster/build-cache.sh

export GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0
find_go "the conformance suite of the Gateway API" 1.26
program="$cache/gateway-conformance/suite"
mkdir -p "${program%/*}"
"$go" test -c -trimpath -o "$program" .
echo "$program"
# The suite refuses definitions of another version. Its features retry and session persistence are experimental.
echo "$("$go" list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/experimental"
