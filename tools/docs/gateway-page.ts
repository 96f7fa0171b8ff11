import { CORE_TESTS } from "../../sync/compile/gateway/core-tests.ts";
import { GATEWAY_FEATURES, type GatewayFeature } from "../../sync/compile/gateway/gateway-features.ts";
import { SKIPPED_TESTS } from "../../test/gateway-conformance/skipped-tests.ts";
import { formatCode, formatMarkdownTable, joinParts } from "./markdown.ts";

/** Returns the page of the features of Gateway API. */
export function formatGatewayPage(): string {
  return joinParts(
    "# Gateway API features",
    "These are the features of Gateway API v1.6 for GatewayClass, Gateway, ListenerSet, HTTPRoute and ReferenceGrant. A GatewayClass lists the",
    "supported ones in `status.supportedFeatures`. [Gateway API](../gateway-api.md) explains how to use them.",
    "",
    "The tests are those of the upstream conformance suite, module `sigs.k8s.io/gateway-api/conformance`. `npm run test:gateway` runs them.",
    "[The report](gateway-conformance-report.yaml) has their results on Kubernetes 1.36 and the local edge.",
    "",
    "## Supported features",
    "",
    formatMarkdownTable(["Feature", "Level", "Tests", "Note"], GATEWAY_FEATURES.flatMap(listSupportedRow)),
    "",
    "## Unsupported features",
    "",
    "The fields of these features are refused in the status of the object. They are never ignored.",
    "",
    formatMarkdownTable(["Feature", "Reason"], GATEWAY_FEATURES.flatMap(listUnsupportedRow)),
    "",
    "## Skipped tests",
    "",
    "`npm run test:gateway` does not run these tests of supported features, because they cannot pass.",
    "",
    formatMarkdownTable(
      ["Test", "Reason"],
      Object.entries(SKIPPED_TESTS).map(([test, reason]) => [formatCode(test), reason]),
    ),
    "",
    "## Unsupported kinds",
    "",
    formatMarkdownTable(["Kind", "Reason"], UNSUPPORTED_KINDS),
  );
}

const UNSUPPORTED_KINDS = [
  ["GRPCRoute", "A Worker loses the trailers of gRPC, and cannot send HTTP/2 to an origin of its choice."],
  ["TLSRoute", "Cloudflare ends TLS before the Worker."],
  ["TCPRoute, UDPRoute", "No raw TCP or UDP reaches a Worker."],
  ["XBackendTrafficPolicy, XMesh, XBackend", "They are experimental."],
];

function listSupportedRow(feature: GatewayFeature): string[][] {
  if (!("tests" in feature)) return [];
  const level = Object.hasOwn(CORE_TESTS, feature.name) ? "core" : "extended";
  return [[formatCode(feature.name), level, feature.tests.map(formatCode).join(", "), feature.note ?? ""]];
}

function listUnsupportedRow(feature: GatewayFeature): string[][] {
  return "unsupported" in feature ? [[formatCode(feature.name), feature.unsupported]] : [];
}
