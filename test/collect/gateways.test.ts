import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";

const API = "apiVersion: gateway.networking.k8s.io/v1";
const GATEWAY = `${API}\nkind: Gateway\nmetadata: { name: public, namespace: web, annotations: { edgress.dev/a: b, c: d } }\n`;

function parseGateway(spec: string) {
  const { gateway, invalidObjects } = parseClusterYaml(GATEWAY + spec);
  return { gateway: gateway.gateways[0], invalid: invalidObjects[0] };
}

describe("A Gateway of a manifest", () => {
  test("has the defaults of the API server", () => {
    const { gateway } = parseGateway(
      "spec: { gatewayClassName: edgress, listeners: [{ name: http, port: 80, protocol: HTTP }], addresses: [{}] }",
    );
    assert.deepEqual(gateway, {
      namespace: "web",
      name: "public",
      source: "in.yaml:1",
      uid: undefined,
      generation: 0,
      created: undefined,
      className: "edgress",
      annotations: { "edgress.dev/a": "b" },
      listeners: [
        {
          name: "http",
          port: 80,
          protocol: "HTTP",
          allowedNamespaces: { from: "Same" },
          allowedKinds: undefined,
        },
      ],
      addresses: [{ type: "IPAddress", value: "" }],
      infrastructureParametersRef: undefined,
      allowedListenerSets: { from: "None" },
    });
  });

  test("A certificate is a Secret, the TLS mode is Terminate and a kind is of the Gateway API", () => {
    const { gateway } = parseGateway(`spec:
  gatewayClassName: edgress
  listeners:
    - name: https
      port: 443
      protocol: HTTPS
      tls: { certificateRefs: [{ name: shop }] }
      allowedRoutes: { kinds: [{ kind: HTTPRoute }], namespaces: { from: Selector, selector: { matchLabels: { a: b } } } }
`);
    const [listener] = gateway?.listeners ?? [];
    assert.deepEqual(listener?.tls, {
      mode: "Terminate",
      certificateRefs: [{ group: "", kind: "Secret", name: "shop" }],
      options: {},
    });
    assert.deepEqual(listener?.allowedKinds, [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute" }]);
    assert.deepEqual(listener?.allowedNamespaces, {
      from: "Selector",
      selector: { matchLabels: { a: "b" }, matchExpressions: [] },
    });
  });

  test("A selector is ignored unless namespaces are selected by it, and without one nothing is selected", () => {
    const { gateway } = parseGateway(`spec:
  gatewayClassName: edgress
  listeners:
    - { name: a, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All, selector: { matchLabels: { a: b } } } } }
    - { name: b, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector } } }
`);
    assert.deepEqual(
      gateway?.listeners.map(({ allowedNamespaces }) => allowedNamespaces),
      [{ from: "All" }, { from: "None" }],
    );
  });

  test("Fields that must not be ignored are unsupported", () => {
    const { gateway } = parseGateway(`spec:
  gatewayClassName: edgress
  tls: { frontend: { default: {} } }
  listeners:
    - { name: a, port: 80, protocol: HTTP, tls: { certificateRefs: [{ name: a }] } }
    - { name: b, port: 443, protocol: HTTPS, tls: { mode: Passthrough }, allowedRoutes: { namespaces: { from: Near } } }
`);
    assert.deepEqual(
      gateway?.unsupportedFields?.map(({ field, problem }) => `${field}: ${problem}`),
      [
        "spec.listeners[0].tls: expected no tls with protocol HTTP",
        'spec.listeners[1].allowedRoutes.namespaces.from: expected Same, All, Selector, None, got "Near"',
        'spec.listeners[1].tls.mode: expected Terminate with protocol HTTPS, got "Passthrough"',
        "spec.tls.frontend: client certificates are not verified by a Gateway; remove the field",
      ],
    );
    assert.deepEqual(gateway?.listeners[1]?.allowedNamespaces, { from: "None" });
  });

  test("Two listeners of one name, no listener and a wrong port make the object invalid", () => {
    const describeInvalid = (listeners: string) => {
      const { gateway, invalid } = parseGateway(`spec: { gatewayClassName: edgress, listeners: [${listeners}] }`);
      assert.equal(gateway, undefined);
      return `${invalid?.kind} ${invalid?.namespace}/${invalid?.name} ${invalid?.field}: ${invalid?.problem}`;
    };
    const listener = "{ name: http, port: 80, protocol: HTTP }";
    assert.equal(
      describeInvalid(`${listener}, ${listener}`),
      "Gateway web/public spec.listeners[1].name: expected a unique name, got http again",
    );
    assert.equal(describeInvalid(""), "Gateway web/public spec.listeners: expected at least 1 listener");
    assert.equal(
      describeInvalid("{ name: http, port: 0, protocol: HTTP }"),
      "Gateway web/public spec.listeners[0].port: Too small: expected number to be >=1",
    );
  });
});

describe("Other objects of the Gateway API in manifests", () => {
  test("A GatewayClass belongs to no namespace", () => {
    const { gateway } = parseClusterYaml(
      `${API}\nkind: GatewayClass\nmetadata: { name: edgress }\nspec: { controllerName: edgress.dev/ingress-controller }`,
    );
    const [gatewayClass] = gateway.gatewayClasses;
    assert.equal(gatewayClass?.namespace, "");
    assert.equal(gatewayClass?.controllerName, "edgress.dev/ingress-controller");
  });

  test("A ListenerSet refers to a Gateway, and its listeners have the defaults of a Gateway's", () => {
    const { gateway } = parseClusterYaml(
      `${API}\nkind: ListenerSet\nmetadata: { name: more }\nspec: { parentRef: { name: public }, listeners: [{ name: a, port: 80, protocol: HTTP }] }`,
    );
    assert.equal(gateway.listenerSets[0]?.parentRef.kind, "Gateway");
    assert.deepEqual(gateway.listenerSets[0]?.listeners[0]?.allowedNamespaces, { from: "Same" });
  });

  test("A ReferenceGrant keeps the kinds of both sides", () => {
    const { referenceGrants } = parseClusterYaml(`apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: routes, namespace: web }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop }]
  to: [{ group: "", kind: Service, name: "" }, { group: "", kind: Secret, name: a }]
`);
    assert.deepEqual(referenceGrants[0]?.from, [
      { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "shop" },
    ]);
    assert.deepEqual(referenceGrants[0]?.to, [
      { group: "", kind: "Service", name: undefined },
      { group: "", kind: "Secret", name: "a" },
    ]);
  });

  test("A BackendTLSPolicy with certificates of its own does not use those of the system", () => {
    const build = (validation: string) =>
      parseClusterYaml(
        `${API}\nkind: BackendTLSPolicy\nmetadata: { name: a }\nspec: { targetRefs: [{ group: "", kind: Service, name: one }], validation: { hostname: a.example.com, ${validation} } }`,
      ).gateway.backendTlsPolicies[0];
    assert.equal(build("wellKnownCACertificates: System")?.usesSystemCertificates, true);
    assert.equal(build("caCertificateRefs: [{ name: ca }]")?.usesSystemCertificates, false);
    assert.deepEqual(build("wellKnownCACertificates: System")?.targetRefs, [{ kind: "Service", name: "one" }]);
  });

  test("Every namespace has the label with its name, also one without a manifest", () => {
    const { gateway } = parseClusterYaml(`apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: a } }
---
${API}
kind: HTTPRoute
metadata: { name: a, namespace: web }
`);
    assert.deepEqual(gateway.namespaces, [
      { name: "shop", labels: { team: "a", "kubernetes.io/metadata.name": "shop" } },
      { name: "web", labels: { "kubernetes.io/metadata.name": "web" } },
    ]);
  });

  test("The second HTTPRoute of a name is reported", () => {
    const route = `${API}\nkind: HTTPRoute\nmetadata: { name: a }\n---\n`;
    const { gateway, invalidObjects } = parseClusterYaml(route + route);
    assert.equal(gateway.httpRoutes.length, 1);
    assert.equal(invalidObjects[0]?.problem, "duplicate of the object in in.yaml:1, which is used instead");
  });
});
