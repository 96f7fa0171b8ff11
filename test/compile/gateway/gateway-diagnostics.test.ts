import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayObjects } from "../../../sync/collect/gateway/gateway-model.ts";
import { formatDiagnostic } from "../../../sync/compile/diagnostics.ts";
import { listGatewayDiagnostics } from "../../../sync/compile/gateway/gateway-diagnostics.ts";
import { readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
  gatewayClass,
  httpRoute,
  httpsListener,
  listener,
  listenerSet,
  OPTIONS,
  parentReference,
  secretReference,
  sources,
  tls,
} from "./gateway-objects.ts";

function listLines(objects: Partial<GatewayObjects>): readonly string[] {
  const cluster = sources(objects);
  return listGatewayDiagnostics(readGateways(cluster, OPTIONS), cluster.gateway).map(formatDiagnostic);
}

test("A cluster whose Gateways and routes are served has no diagnostics", () => {
  assert.deepEqual(listLines({ httpRoutes: [httpRoute()] }), []);
});

test("A listener that is not served is reported with its reason and remedy", () => {
  const listeners = [
    listener(),
    listener({ name: "alt", port: 8080 }),
    httpsListener({ tls: undefined }),
    httpsListener({ name: "absent", hostname: "a.org", tls: tls([secretReference("absent")]) }),
    httpsListener({ name: "two", hostname: "b.org", tls: tls([secretReference("absent"), secretReference("cert")]) }),
    listener({ name: "x", hostname: "x.org" }),
    listener({ name: "y", hostname: "x.org" }),
  ];
  assert.deepEqual(listLines({ gateways: [gateway({ listeners })] }), [
    "error Gateway infra/web spec.listeners[alt]: port 8080 is not available for HTTP (PortUnavailable); use port 80 (ListenerNotServed, test)",
    'error Gateway infra/web spec.listeners[https]: the listener has no certificate (InvalidTLSConfig); set tls.certificateRefs, or tls.options["edgress.dev/certificate"]: cloudflare (ListenerNotServed, test)',
    "error Gateway infra/web spec.listeners[absent]: tls.certificateRefs: Secret infra/absent not found (InvalidCertificateRef); create it (ListenerNotServed, test)",
    "warning Gateway infra/web spec.listeners[two]: tls.certificateRefs: Secret infra/absent not found (InvalidCertificateRef); create it (ListenerNotResolved, test)",
    "error Gateway infra/web spec.listeners[x]: port 80 has listener y with the same hostname (HostnameConflict); use another hostname (ListenerNotServed, test)",
    "error Gateway infra/web spec.listeners[y]: port 80 has listener x with the same hostname (HostnameConflict); use another hostname (ListenerNotServed, test)",
  ]);
});

test("A Gateway, ListenerSet or GatewayClass that is not accepted is reported once", () => {
  const parametersRef = { group: "", kind: "ConfigMap", name: "c", namespace: "infra" };
  const objects = {
    gatewayClasses: [gatewayClass(), gatewayClass({ name: "other", parametersRef })],
    gateways: [
      gateway({ infrastructureParametersRef: parametersRef, allowedListenerSets: { from: "All" } }),
      gateway({ name: "static", addresses: [{ type: "IPAddress", value: "192.0.2.1" }] }),
    ],
    listenerSets: [listenerSet("set")],
  } as const;
  assert.deepEqual(listLines(objects), [
    "error GatewayClass other spec.parametersRef: parametersRef ConfigMap c is not supported (InvalidParameters); remove spec.parametersRef (GatewayNotAccepted, test)",
    "error Gateway infra/static spec: address 192.0.2.1 is not available (AddressNotUsable); request type Hostname without a value (GatewayNotAccepted, test)",
    "error Gateway infra/web spec: ConfigMap c is not supported (InvalidParameters); remove spec.infrastructure.parametersRef (GatewayNotAccepted, test)",
    "error ListenerSet infra/set spec: Gateway infra/web is not accepted (ParentNotAccepted); correct the Gateway (GatewayNotAccepted, test)",
  ]);
});

test("A route that no listener takes is reported for each of its parents", () => {
  const parentRefs = [parentReference(), parentReference({ sectionName: "no" }), parentReference({ name: "absent" })];
  const routes = [
    httpRoute({ parentRefs }),
    httpRoute({ name: "named", hostnames: ["b.org"], parentRefs: [parentReference({ sectionName: "named" })] }),
    httpRoute({ name: "team", namespace: "team", parentRefs: [parentReference({ sectionName: "named" })] }),
    httpRoute({ name: "odd", unsupportedFields: [{ field: "spec.odd", problem: "unknown" }] }),
  ];
  const named = listener({ name: "named", hostname: "a.org", allowedNamespaces: { from: "Same" } });
  assert.deepEqual(listLines({ gateways: [gateway({ listeners: [listener(), named] })], httpRoutes: routes }), [
    "error HTTPRoute infra/named spec.parentRefs[0]: no hostname of the route is part of a.org (NoMatchingListenerHostname); use a hostname of the listener (RouteNotAttached, test)",
    "error HTTPRoute infra/odd spec: spec.odd: unknown (UnsupportedValue); remove the field (RouteNotAttached, test)",
    "error HTTPRoute infra/route spec.parentRefs[1]: Gateway web has no listener with name no (NoMatchingParent); correct the parentRef (RouteNotAttached, test)",
    "error HTTPRoute team/team spec.parentRefs[0]: no listener allows an HTTPRoute of namespace team (NotAllowedByListeners); set allowedRoutes of the listener (RouteNotAttached, test)",
    "note HTTPRoute infra/route spec.parentRefs[2]: Gateway infra/absent not found; create it, or correct the parentRef (GatewayNotFound, test)",
  ]);
});

test("A route of another controller is not reported", () => {
  const objects = {
    gatewayClasses: [gatewayClass({ controllerName: "example.com/other" })],
    httpRoutes: [httpRoute({ parentRefs: [parentReference({ sectionName: "no" })] })],
  };
  assert.deepEqual(listLines(objects), []);
});
