import assert from "node:assert/strict";
import fc from "fast-check";
import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../../src/match/route-table.ts";
import { MAX_REGEX_SUBJECT_BYTES } from "../../../src/rules/paths.ts";
import { checkRegex } from "../../../sync/regex-check/check-regex.ts";
import { FAST_OPTIONS } from "../../compile/compile-objects.ts";
import { LINEAR, ZONES } from "../../support/fixture.ts";
import { buildServiceManifest } from "../../support/manifests.ts";
import { compileChecked } from "../compiled-cluster.ts";
import { assertFast } from "../cpu-time.ts";
import { createInProcessEdge, type RawRequest } from "../in-process-edge.ts";
import { annotationPair, catalog } from "../inputs/annotations.ts";
import { clientHeaders } from "../inputs/raw-requests.ts";
import { buildAttacks, regexPath } from "../inputs/regexes.ts";
import { defineProperty, startWithoutServer } from "../target.ts";

// Values of annotations and regexes of paths, from an Ingress to the answers.

/** CPU of one Ingress with a few annotations, compiled and serialized. */
const MAX_COMPILE_MS = 500;
const HOST = "a.example.com";

type Annotations = readonly (readonly [name: string, value: string])[];

function buildObjects(annotations: Annotations, path: string, pathType: string) {
  const backend = { service: { name: "one", port: { number: 80 } } };
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "i", namespace: "default", annotations: Object.fromEntries(annotations) },
    spec: { rules: [{ host: HOST, http: { paths: [{ path, pathType, backend }] } }] },
  };
  const auth = { kind: "Secret", apiVersion: "v1", metadata: { name: "one" }, stringData: { auth: "ann:{PLAIN}x" } };
  const headers = {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "one" },
    data: { "X-Frame-Options": "DENY" },
  };
  return [ingress, auth, headers, buildServiceManifest("one", ["203.0.113.10"])].map((object) => ({
    object,
    source: "in.yaml:1",
  }));
}

const byName = new Map(
  catalog.flatMap(([name, row]) => [name, ...(row.aliases ?? [])].map((key) => [key, row] as const)),
);

async function checkAnnotations({ annotations, request }: { annotations: Annotations; request: RawRequest }) {
  const objects = buildObjects(annotations, "/", "Prefix");
  const { rules, diagnostics } = assertFast(
    "compiling an Ingress",
    () => compileChecked(objects, { ...FAST_OPTIONS, regexVerdicts: { get: () => LINEAR } }),
    MAX_COMPILE_MS,
  );
  const serve = createInProcessEdge(rules.hosts, ZONES);
  const { answer, forwarded } = await serve(request);
  assert.notEqual(answer.outcome, "internal-error");
  const [[name = "", value = ""] = []] = annotations;
  const row = byName.get(name.slice(name.indexOf("/") + 1));
  if (annotations.length !== 1 || !row || row.parse(value.trim()).ok) return;
  assert.ok(diagnostics.length > 0, "an invalid value is not reported");
  if (row.guards) assert.ok(!forwarded, "a route with an unreadable guard is forwarded");
}

/** V8 can interpret a regex at the first match of a text that is shorter than 1,000 characters. */
const MAX_INTERPRETED_BYTES = 999;

/** Compiles a path with a regex check. An accepted regex matches every text within 5 ms. */
function checkRegexPath(path: string): void {
  const verdicts = { get: (pattern: string) => checkRegex(pattern) };
  const objects = buildObjects([["nginx.ingress.kubernetes.io/use-regex", "true"]], path, "ImplementationSpecific");
  const { rules } = compileChecked(objects, { ...FAST_OPTIONS, regexVerdicts: verdicts });
  const [host] = rules.hosts;
  const [route] = host?.routes ?? [];
  if (!host || route?.path.type !== "regex") return;
  const { pattern, maxBytes = MAX_REGEX_SUBJECT_BYTES } = route.path;
  const table = buildRouteTable(host);
  const lengths = [Math.min(maxBytes, MAX_INTERPRETED_BYTES), maxBytes];
  for (const text of lengths.flatMap((length) => buildAttacks(pattern, length)))
    assertFast(`the regex ${pattern}`, () => assert.notEqual(findRoute(table, text, PLAIN_REQUEST), "path-too-long"));
}

const request = fc.record({
  method: fc.constantFrom("GET", "POST", "OPTIONS", "HEAD"),
  host: fc.constant(HOST),
  path: fc.constantFrom("/", "/a/b", "/%41", "//x/../y"),
  query: fc.constantFrom("", "?a=b", "?rd=//x"),
  headers: clientHeaders,
});

export const startTarget = () =>
  startWithoutServer([
    defineProperty(
      "values",
      fc.record({ annotations: fc.array(annotationPair, { minLength: 1, maxLength: 3 }), request }),
      checkAnnotations,
    ),
    defineProperty("regexes", regexPath, checkRegexPath),
  ]);
