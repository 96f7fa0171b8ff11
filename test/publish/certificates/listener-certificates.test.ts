import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compile } from "../../../sync/compile/compile.ts";
import { readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import { collectListenerCertificates } from "../../../sync/dev/listener-certificates.ts";
import { generateCertificate } from "../../../sync/local/network/certificates.ts";
import { listHttpsHosts } from "../../../sync/publish/certificates/https-hosts.ts";
import { readWantedCertificates } from "../../../sync/publish/certificates/wanted-certificates.ts";
import { OPTIONS, ZONES } from "../../support/fixture.ts";
import { parseClusterYaml } from "../../support/parse-cluster-yaml.ts";

const API = "apiVersion: gateway.networking.k8s.io/v1";
const CLASS = `
${API}
kind: GatewayClass
metadata: { name: edgress }
spec: { controllerName: edgress.dev/ingress-controller }`;
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: infra }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }`;

function buildGateway(hostname: string | undefined, references = "[{ name: cert }]"): string {
  const host = hostname === undefined ? "" : `hostname: "${hostname}", `;
  return `
${API}
kind: Gateway
metadata: { name: public, namespace: infra }
spec:
  gatewayClassName: edgress
  listeners: [{ name: https, ${host}port: 443, protocol: HTTPS, tls: { certificateRefs: ${references} } }]`;
}

function buildRoute(hostnames: readonly string[], namespace = "infra"): string {
  return `
${API}
kind: HTTPRoute
metadata: { name: shop, namespace: ${namespace} }
spec:
  parentRefs: [{ name: public, namespace: infra }]
  hostnames: ${JSON.stringify(hostnames)}
  rules: [{ backendRefs: [{ name: web, port: 80 }] }]`;
}

async function buildSecret(names: readonly string[], name = "cert", namespace = "infra"): Promise<string> {
  const { cert, key } = await generateCertificate(names.join(","));
  const encode = (text: string) => Buffer.from(text).toString("base64");
  return `
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: { name: ${name}, namespace: ${namespace} }
data: { tls.crt: ${encode(cert)}, tls.key: ${encode(key)} }`;
}

function compileYaml(...documents: readonly string[]) {
  const cluster = parseClusterYaml([CLASS, SERVICE, ...documents].join("\n---"));
  return { cluster, compilation: compile(cluster, { ...OPTIONS, zones: ZONES }) };
}

/** Returns the names of each certificate to upload with its owners, and the problems of the others. */
function readWanted(...documents: readonly string[]): readonly string[] {
  const { cluster, compilation } = compileYaml(...documents);
  const wanted = readWantedCertificates(compilation, cluster.secrets, compilation.rules.hosts, new Date());
  return [
    ...wanted.certificates.map(({ secret, hosts, ingresses }) => `${secret}: ${hosts.join()} of ${ingresses.join()}`),
    ...wanted.issues.map(({ problem, ingresses = [] }) => `${problem} of ${ingresses.join()}`),
    ...wanted.keptSecrets.map((secret) => `kept ${secret}`),
  ];
}

describe("The certificates of listeners that are uploaded", () => {
  test("have the names of the hosts that routes of the listener serve", async () => {
    const secret = await buildSecret(["shop.example.com"]);
    const route = buildRoute(["shop.example.com"]);
    const uploaded = ["infra/cert: shop.example.com of Gateway infra/public"];
    assert.deepEqual(readWanted(secret, route, buildGateway("shop.example.com")), uploaded);
    assert.deepEqual(readWanted(secret, route, buildGateway(undefined)), uploaded);
    assert.deepEqual(readWanted(secret, route, buildGateway("*.example.com")), uploaded);
  });

  test("may be wildcards over a host, and have names that a wildcard route answers for", async () => {
    const gateway = buildGateway("*.example.com");
    const wildcard = await buildSecret(["*.example.com"]);
    assert.deepEqual(readWanted(wildcard, gateway, buildRoute(["shop.example.com"])), [
      "infra/cert: *.example.com of Gateway infra/public",
    ]);
    for (const name of ["*.example.com", "a.example.com", "a.b.example.com", "*.b.example.com"])
      assert.deepEqual(readWanted(await buildSecret([name]), gateway, buildRoute([])), [
        `infra/cert: ${name} of Gateway infra/public`,
      ]);
  });

  test("have no name that another object serves, or that no route of the listener has", async () => {
    const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: other, namespace: other }
spec:
  ingressClassName: edgress
  rules: [{ host: a.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }]`;
    const gateway = buildGateway("*.example.com");
    assert.deepEqual(readWanted(await buildSecret(["a.example.com"]), gateway, buildRoute([]), ingress), [
      "Secret infra/cert: the certificate has the name a.example.com, which no host of the listener has of Gateway infra/public",
      "kept infra/cert",
    ]);
    assert.deepEqual(readWanted(await buildSecret(["other.example.com"]), gateway, buildRoute(["shop.example.com"])), [
      "Secret infra/cert: the certificate has the name other.example.com, which no host of the listener has of Gateway infra/public",
      "kept infra/cert",
    ]);
  });

  test("of another namespace need a ReferenceGrant, and stay while their Secret is missing", async () => {
    const secret = await buildSecret(["shop.example.com"], "cert", "tls");
    const gateway = buildGateway("shop.example.com", "[{ name: cert, namespace: tls }]");
    const route = buildRoute(["shop.example.com"]);
    const grant = `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: gateways, namespace: tls }
spec: { from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: infra }], to: [{ group: "", kind: Secret }] }`;
    assert.deepEqual(readWanted(secret, gateway, route), []);
    assert.deepEqual(readWanted(secret, gateway, route, grant), ["tls/cert: shop.example.com of Gateway infra/public"]);
    assert.deepEqual(readWanted(gateway, route, grant), ["kept tls/cert"]);
    assert.deepEqual(readWanted(secret, route, grant), []); // the Gateway is deleted
  });
});

describe("The https hosts of listeners", () => {
  test("are those of their routes, with the wildcards of several labels", () => {
    const option = '{ options: { "edgress.dev/certificate": cloudflare } }';
    const gateway = buildGateway("*.example.com").replace(/\{ certificateRefs: .*? \} \}\]/, `${option} }]`);
    const { compilation } = compileYaml(gateway, buildRoute(["shop.example.com", "*.deep.example.com"]));
    const owners = ["HTTPRoute infra/shop", "Gateway infra/public"];
    assert.deepEqual(listHttpsHosts(compilation, compilation.rules.hosts), [
      { host: "*.deep.example.com", ingresses: owners, isDeep: true },
      { host: "shop.example.com", ingresses: owners },
    ]);
  });
});

describe("The certificates of listeners in edgress dev", () => {
  test("are those of granted Secrets only", async () => {
    const own = await buildSecret(["shop.example.com"]);
    const foreign = await buildSecret(["shop.example.com"], "cert", "tls");
    const references = "[{ name: cert }, { name: cert, namespace: tls }]";
    const { cluster } = compileYaml(own, foreign, buildGateway("*.example.com", references));
    const { gateways } = readGateways(cluster, { controller: OPTIONS.controller, zones: [] });
    const certificates = collectListenerCertificates(
      gateways.flatMap(({ listeners }) => listeners),
      cluster.secrets,
    );
    const [secret] = cluster.secrets.filter(({ namespace }) => namespace === "infra");
    assert.deepEqual(
      [...certificates].map(([host, { cert }]) => [host, cert]),
      [["**.example.com", secret?.data["tls.crt"]]],
    );
  });
});
