import assert from "node:assert/strict";
import { test } from "node:test";
import { compileObjects } from "../compile-objects.ts";

const ONE_ADDRESS = "One address carries up to 13 Services: 7 http and 6 https ports";

/** The problems and remedies of an Ingress's errors, as "Reason: problem; remedy". */
function listErrors(service: object, port: number | string, annotations = {}, extraObjects: readonly object[] = []) {
  const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: "shop", port: { number: port } } } }];
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "shop", annotations },
    spec: { rules: [{ host: "shop.example.com", http: { paths } }] },
  };
  const { diagnostics } = compileObjects([
    ingress,
    { apiVersion: "v1", kind: "Service", metadata: { name: "shop" }, ...service },
    ...extraObjects,
  ]);
  return diagnostics.map(({ reason, problem, remedy }) => `${reason}: ${problem}; ${remedy}`);
}

const ports = [{ port: 80, targetPort: 8080 }];

test("A ClusterIP Service without an address gets the remedy type: LoadBalancer", () => {
  assert.deepEqual(listErrors({ spec: { type: "ClusterIP", clusterIP: "10.96.0.7", ports } }, 80), [
    `NoExternalAddress: Service default/shop has no external address; set type: LoadBalancer in the Service, and wait for its address. ${ONE_ADDRESS}`,
  ]);
});

test("A NodePort Service without an address gets the remedy type: LoadBalancer", () => {
  assert.deepEqual(listErrors({ spec: { type: "NodePort", clusterIP: "10.96.0.7", ports } }, 80), [
    `NoExternalAddress: Service default/shop has no external address; set type: LoadBalancer in the Service, because Cloudflare does not proxy node ports. ${ONE_ADDRESS}`,
  ]);
});

test("A headless Service without an address gets the remedy of a second Service", () => {
  assert.deepEqual(listErrors({ spec: { clusterIP: "None", ports } }, 80), [
    "NoExternalAddress: Service default/shop has no external address; create a Service of type LoadBalancer with the same selector, and set it in the Ingress: a headless Service gets no address",
  ]);
});

test("An ExternalName Service of another cluster name gets the remedy of that Service", () => {
  const spec = { type: "ExternalName", externalName: "front.team-b.svc.cluster.local", ports };
  assert.deepEqual(listErrors({ spec }, 80), [
    "NoExternalAddress: Service default/shop has no external address; move the path to an Ingress of namespace team-b with Service front: an ExternalName Service has a name, not an address",
  ]);
});

test("An ExternalName Service of a public name gets the remedy of a DNS record or redirect", () => {
  const spec = { type: "ExternalName", externalName: "api.vendor.example", ports };
  assert.deepEqual(listErrors({ spec }, 80), [
    "NoExternalAddress: Service default/shop has no external address; point a DNS record of the host at api.vendor.example, or redirect to it with temporal-redirect: an ExternalName Service has a name, not an address",
  ]);
});

test("A pending LoadBalancer Service gets the remedy to wait", () => {
  assert.deepEqual(listErrors({ spec: { type: "LoadBalancer", clusterIP: "10.96.0.7", ports } }, 80), [
    `NoExternalAddress: Service default/shop has no external address; wait for the address of its load balancer. If it stays pending, check the load balancer controller of the cluster. ${ONE_ADDRESS}`,
  ]);
});

test("A Service with a port that Cloudflare does not proxy and without an address gets both remedies", () => {
  assert.deepEqual(listErrors({ spec: { clusterIP: "10.96.0.7", ports: [{ port: 3000 }] } }, 3000), [
    `NoExternalAddress: Service default/shop has no external address; set type: LoadBalancer in the Service, and wait for its address. ${ONE_ADDRESS}`,
    "PortNotProxied: port 3000 of Service default/shop not proxied by Cloudflare for http; add port 80 with targetPort 3000 to the Service. Cloudflare proxies 7 http ports of an address: 80, 8080, 8880, 2052, 2082, 2086, 2095",
  ]);
});

test("A Service without the port and without an address gets both remedies", () => {
  assert.deepEqual(listErrors({ spec: { type: "NodePort", clusterIP: "10.96.0.7", ports } }, 8443), [
    `NoExternalAddress: Service default/shop has no external address; set type: LoadBalancer in the Service, because Cloudflare does not proxy node ports. ${ONE_ADDRESS}`,
    "ServicePortNotFound: port not found in Service default/shop: 8443; set one of its ports: 80",
  ]);
});

test("The remedy of a port names the first proxied port that the Service does not have", () => {
  const taken = [
    { name: "web", port: 80, targetPort: 8080 },
    { name: "app", port: 3000, targetPort: "app" },
  ];
  assert.deepEqual(listErrors({ spec: { externalIPs: ["203.0.113.10"], ports: taken } }, 3000), [
    "PortNotProxied: port 3000 of Service default/shop not proxied by Cloudflare for http; add port 8080 with targetPort app to the Service. Cloudflare proxies 7 http ports of an address: 80, 8080, 8880, 2052, 2082, 2086, 2095",
  ]);
});

test("An auth-url with a port that Cloudflare does not proxy gets the remedy of the port", () => {
  const auth = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "auth" },
    spec: { type: "LoadBalancer", ports: [{ port: 9000 }] },
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.11" }] } },
  };
  const shop = { spec: { externalIPs: ["203.0.113.10"], ports } };
  const annotations = {
    "nginx.ingress.kubernetes.io/auth-url": "http://auth.default.svc.cluster.local:9000/verify",
    "nginx.ingress.kubernetes.io/mirror-target": "http://auth.default.svc.cluster.local:9000",
  };
  assert.deepEqual(listErrors(shop, 80, annotations, [auth]), [
    "RouteFailedClosed: port 9000 of Service default/auth not proxied by Cloudflare for http; add port 80 with targetPort 9000 to the Service. Cloudflare proxies 7 http ports of an address: 80, 8080, 8880, 2052, 2082, 2086, 2095; until then its paths return 503",
    "InvalidAnnotation: port 9000 of Service default/auth not proxied by Cloudflare for http; add port 80 with targetPort 9000 to the Service. Cloudflare proxies 7 http ports of an address: 80, 8080, 8880, 2052, 2082, 2086, 2095",
  ]);
});

test("A backend in the fields of another API version gets the fields of its own version as the remedy", () => {
  const listBackendErrors = (apiVersion: string, spec: object) =>
    compileObjects([{ apiVersion, kind: "Ingress", metadata: { name: "shop" }, spec }]).diagnostics.map(
      ({ reason, field, problem, remedy }) => `${reason} ${field}: ${problem}; ${remedy}`,
    );
  const oldBackend = { serviceName: "shop", servicePort: 80 };
  const newBackend = { service: { name: "shop", port: { number: 80 } } };
  const buildRules = (backend: object) => [
    { host: "shop.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
  ];
  assert.deepEqual(listBackendErrors("networking.k8s.io/v1", { rules: buildRules(oldBackend) }), [
    "UnsupportedBackend spec.rules[0].http.paths[0].backend: backend has serviceName and servicePort, which networking.k8s.io/v1 does not have; set service.name, and service.port.number or service.port.name",
  ]);
  assert.deepEqual(listBackendErrors("networking.k8s.io/v1beta1", { rules: buildRules(newBackend) }), [
    "UnsupportedBackend spec.rules[0].http.paths[0].backend: backend has service, which only networking.k8s.io/v1 has; set serviceName and servicePort, or apiVersion: networking.k8s.io/v1",
  ]);
  assert.deepEqual(listBackendErrors("networking.k8s.io/v1", { backend: oldBackend }), [
    "UnsupportedBackend spec.defaultBackend: spec.backend is not a field of networking.k8s.io/v1; set spec.defaultBackend",
  ]);
  assert.deepEqual(listBackendErrors("extensions/v1beta1", { defaultBackend: newBackend }), [
    "UnsupportedBackend spec.defaultBackend: spec.defaultBackend is only a field of networking.k8s.io/v1; set spec.backend, or apiVersion: networking.k8s.io/v1",
  ]);
});
