import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { formatDiagnostic } from "../../sync/compile/diagnostics.ts";
import { FAST_OPTIONS, parseClusterYaml } from "./incremental.ts";

describe("referenced Secrets and ConfigMaps", () => {
  const buildIngressYaml = (name: string, annotations: string) => `
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { namespace: shop, name: ${name}, annotations: { ${annotations} } }
spec:
  tls: [{ hosts: [${name}.example.com], secretName: certificate }]
  rules: [{ host: ${name}.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: one, port: { number: 80 } } } }] } }]
`;
  const cluster = parseClusterYaml(`
apiVersion: v1
kind: Secret
metadata: { namespace: shop, name: staff }
stringData: { auth: "ann:hash" }
${buildIngressYaml("a", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: staff")}
${buildIngressYaml("b", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: shop/staff, edgress.dev/custom-headers: shop/headers")}
${buildIngressYaml("c", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: missing")}
${buildIngressYaml("d", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: other/theirs")}
`);
  const listDiagnosticLines = (compiledCluster: Cluster) =>
    compile(compiledCluster, FAST_OPTIONS).diagnostics.map(formatDiagnostic);

  test("A compilation lists each referenced Secret and ConfigMap of the Ingress's namespace once, existing or not", () => {
    assert.deepEqual(compile(cluster, FAST_OPTIONS).references, [
      { kind: "ConfigMap", namespace: "shop", name: "headers" },
      { kind: "Secret", namespace: "shop", name: "missing" },
      { kind: "Secret", namespace: "shop", name: "staff" },
    ]);
  });

  test("A sync without changes lists the same references", () => {
    const cache = createCompileCache();
    compile(cluster, FAST_OPTIONS, cache);
    assert.equal(compile({ ...cluster }, FAST_OPTIONS, cache).references.length, 3);
  });

  test("A route with an unreadable Secret fails closed with the reason", () => {
    const unreadableReference = {
      kind: "Secret",
      namespace: "shop",
      name: "staff",
      problem: "the sync job may not read it",
    } as const;
    const { rules, diagnostics } = compile(
      { ...cluster, secrets: [], unreadableReferences: [unreadableReference] },
      FAST_OPTIONS,
    );
    const problem = "Secret shop/staff is unreadable: the sync job may not read it";
    assert.deepEqual(rules.hosts[0]?.routes[0]?.policies.failClosed, { reason: `auth-secret: ${problem}` });
    const reports = diagnostics
      .filter((diagnostic) => diagnostic.problem === problem)
      .map(({ reason, object }) => `${reason} ${object}`);
    assert.deepEqual(reports, ["RouteFailedClosed Ingress shop/a", "RouteFailedClosed Ingress shop/b"]);
  });

  test("Certificates are not reported if Secrets are not read", () => {
    const isMissingCertificate = (line: string) => line.includes("TLSSecretNotFound");
    assert.equal(listDiagnosticLines(cluster).filter(isMissingCertificate).length, 4);
    assert.equal(listDiagnosticLines({ ...cluster, certificates: "unknown" }).filter(isMissingCertificate).length, 0);
  });
});
