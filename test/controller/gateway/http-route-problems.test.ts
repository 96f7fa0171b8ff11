import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileWithLastGood, NO_PREVIOUS_STATE } from "../../../sync/compile/last-good.ts";
import type { CompiledCluster } from "../../../sync/controller/pipeline.ts";
import {
  type PublicationChanges,
  withPublicationDiagnostics,
} from "../../../sync/controller/report/publication-diagnostics.ts";
import { ALLOW_ALL } from "../../../sync/permits/model.ts";
import { parsePermits } from "../../../sync/permits/parse.ts";
import type { HostIssue } from "../../../sync/publish/hosts/model.ts";
import { OPTIONS, ZONES } from "../../support/fixture.ts";
import { parseClusterYaml } from "../../support/parse-cluster-yaml.ts";

const OBJECTS = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: edgress }
spec: { controllerName: edgress.dev/ingress-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: public, namespace: infra }
spec:
  gatewayClassName: edgress
  listeners:
    - { name: shop, hostname: shop.example.com, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
    - { name: any, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: team }
spec:
  parentRefs: [{ name: public, namespace: infra }]
  hostnames: [blog.example.com, shop.example.com, "*.wild.example.com"]
  rules: [{ backendRefs: [{ name: web, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: team }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
`;
const ADDRESS = "public-8d55c10f.example.com";

function compileYaml(text = OBJECTS, permits = ALLOW_ALL): CompiledCluster {
  const cluster = parseClusterYaml(text);
  const options = { ...OPTIONS, permits, zones: ZONES };
  return { ...compileWithLastGood(cluster, NO_PREVIOUS_STATE, options, "2026-11-28T12:00:00Z"), cluster, permits };
}

/** Returns the compiled cluster after a publication of its rules. */
function publish(compiled: CompiledCluster, changes: Partial<PublicationChanges> = {}): CompiledCluster {
  const { hosts } = compiled.compilation.rules;
  const publishResult = { closedIngresses: [], snapshot: { hosts } };
  return withPublicationDiagnostics(compiled, { blockedRemovals: [], publishResult, ...changes });
}

function buildHostResult(...issues: readonly HostIssue[]): Partial<PublicationChanges> {
  return { hostResult: { changes: [], issues, warnings: [], waiting: 0, postponed: 0 } };
}

function issue(host: string, reason: HostIssue["reason"] = "HostChangeRejected"): HostIssue {
  return { host, reason, problem: `${host} is not served: full`, remedy: "resolve the cause" };
}

/** Returns "HTTPRoute team/web spec.hostnames[0]: HostChangeRejected". */
function listDiagnostics({ compilation }: CompiledCluster): string[] {
  return compilation.diagnostics.map(({ object, field, reason }) => `${object} ${field}: ${reason}`);
}

/** Returns the conditions of a route with their messages, without the good ones. */
function listRouteProblems({ compilation }: CompiledCluster): string[] {
  const conditions = compilation.gateway.httpRoutes[0]?.parents[0]?.conditions ?? [];
  return conditions
    .filter(({ status, type }) => status !== "True" || type === "PartiallyInvalid")
    .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
}

/** Returns the condition "Programmed" of the Gateway and of each of its listeners. */
function listProgrammed({ compilation }: CompiledCluster): string[] {
  const [gateway] = compilation.gateway.gateways;
  const find = (conditions = gateway?.conditions) => {
    const programmed = conditions?.find(({ type }) => type === "Programmed");
    return `${programmed?.status} ${programmed?.reason}`;
  };
  return [find(), ...(gateway?.listeners ?? []).map(({ name, conditions }) => `${name} ${find(conditions)}`)];
}

const PROGRAMMED = ["True Programmed", "shop True Programmed", "any True Programmed"];

describe("The problems of an HTTPRoute after the compilation", () => {
  test("do not exist without a problem, and the statuses are the same object", () => {
    const compiled = compileYaml();
    const published = publish(compiled);
    assert.deepEqual(listDiagnostics(published), []);
    assert.equal(published.compilation.gateway, compiled.compilation.gateway);
    assert.deepEqual(listProgrammed(published), PROGRAMMED);
  });

  test("of a host are reported on the route, in its status too", () => {
    const published = publish(compileYaml(), buildHostResult(issue("blog.example.com"), issue("*.wild.example.com")));
    assert.deepEqual(listDiagnostics(published), [
      "HTTPRoute team/web spec.hostnames[0]: HostChangeRejected",
      "HTTPRoute team/web spec.hostnames[2]: HostChangeRejected",
    ]);
    assert.deepEqual(listRouteProblems(published), [
      "edgress.dev/Served HostChangeRejected spec.hostnames[0]: blog.example.com is not served: full; resolve the cause; spec.hostnames[2]: *.wild.example.com is not served: full; resolve the cause",
    ]);
    assert.deepEqual(listProgrammed(published), PROGRAMMED);
  });

  test("of a listener's hostname are reported on the Gateway, whose listener is not programmed", () => {
    const published = publish(compileYaml(), buildHostResult(issue("shop.example.com", "HostZoneInactive")));
    assert.deepEqual(listDiagnostics(published), [
      "HTTPRoute team/web spec.hostnames[1]: HostZoneInactive",
      "Gateway infra/public spec.listeners[shop].hostname: HostZoneInactive",
    ]);
    assert.deepEqual(listProgrammed(published), ["True Programmed", "shop False Invalid", "any True Programmed"]);
  });

  test("of a Gateway's address are reported on the Gateway only", () => {
    const compiled = compileYaml(OBJECTS.replace(/\n {2}hostnames: .*/, ""));
    const [address] = compiled.compilation.gateway.gateways[0]?.addresses ?? [];
    assert.equal(address?.value, ADDRESS);
    const published = publish(compiled, buildHostResult(issue(ADDRESS)));
    assert.deepEqual(listDiagnostics(published), ["Gateway infra/public spec.addresses: HostChangeRejected"]);
    assert.deepEqual(listProgrammed(published), ["False AddressNotUsable", ...PROGRAMMED.slice(1)]);
    assert.deepEqual(listRouteProblems(published), []);
  });

  test("of a certificate leave the listener programmed", () => {
    const certificateIssue = {
      ...issue("blog.example.com", "CertificateNotCovered"),
      ingresses: ["HTTPRoute team/web"],
    };
    const published = publish(compileYaml(), buildHostResult(certificateIssue));
    assert.deepEqual(listDiagnostics(published), ["HTTPRoute team/web spec.hostnames[0]: CertificateNotCovered"]);
    assert.match(listRouteProblems(published).join(), /^edgress\.dev\/Served CertificateNotCovered /);
    assert.deepEqual(listProgrammed(published), PROGRAMMED);
  });

  test("of the publication are reported: closed paths, blocked removals, rollbacks, and health checks", () => {
    const names = new Set(["HTTPRoute team/web", "HTTPRoute team/deleted"]);
    const rollback = { of: 3, at: "2026-11-28T12:00:00Z", by: "jane" };
    const compiled = compileYaml(OBJECTS.replace("externalIPs: [203.0.113.10], ", ""));
    const route = { ingress: "HTTPRoute team/web", host: "old.example.com", line: "old.example.com prefix /" };
    const removal = { namespace: "team", id: "1a", reason: "1 of 1 hosts", routes: [route], lines: [] };
    const published = publish(compiled, {
      blockedRemovals: [removal as never],
      pin: { generation: 4, rollback, waitingIngresses: names, unguardedRoutes: [] } as never,
      checkedAddresses: [
        {
          ...{ ingress: "HTTPRoute team/web", backend: "team/web:80", address: "203.0.113.10", isHealthy: false },
          ...{ settings: { path: "/health" }, changedAt: 1 },
        } as never,
      ],
    });
    assert.deepEqual(listDiagnostics(published), [
      "HTTPRoute team/web spec.rules[0].backendRefs[0]: NoExternalAddress",
      "HTTPRoute team/web spec.rules: UnhealthyAddress",
      "HTTPRoute team/web spec.rules: BlockedRemoval",
      "HTTPRoute team/web spec.rules: ChangePinned",
      "HTTPRoute team/web spec.rules: ClosedIngress",
    ]);
    assert.match(
      listRouteProblems(published).join(),
      /^edgress\.dev\/Served NoExternalAddress spec\.rules\[0\]\.backendRefs\[0\]: .*; spec\.rules: its changes are not published/,
    );
  });

  test("of permits show in the status, and the route is not silently accepted", () => {
    const permits = parsePermits("claims: [{ namespaces: [team], hosts: [blog.example.com] }]");
    const published = publish(compileYaml(OBJECTS, permits.ok ? permits.value : assert.fail()));
    assert.match(listRouteProblems(published).join(), /^edgress\.dev\/Served ClaimNotPermitted /);
  });

  test("of the compilation do not repeat the conditions of the specification", () => {
    const published = publish(compileYaml(OBJECTS.replace("name: web, port: 80", "name: absent, port: 80")));
    assert.deepEqual(listRouteProblems(published), [
      "ResolvedRefs BackendNotFound spec.rules[0].backendRefs[0]: Service not found: team/absent",
    ]);
  });

  test("give the same statuses for the same problems", () => {
    const compiled = compileYaml();
    const changes = buildHostResult(issue("blog.example.com"));
    const { gateway } = publish(compiled, changes).compilation;
    assert.equal(publish(compiled, changes).compilation.gateway, gateway);
    assert.notEqual(publish(compiled, buildHostResult(issue("shop.example.com"))).compilation.gateway, gateway);
  });
});
