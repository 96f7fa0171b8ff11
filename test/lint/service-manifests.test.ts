import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { lint } from "../../sync/lint/lint.ts";
import { buildServiceManifests } from "../../sync/lint/services/service-manifests.ts";
import { findServiceNeeds } from "../../sync/lint/services/service-needs.ts";
import { writeServices } from "../../sync/lint/services/write-services.ts";
import { rejectDecryption } from "../support/cli/lint.ts";
import { OPTIONS } from "../support/fixture.ts";

type Named = { kind: string; metadata: { name: string }; spec?: object; status?: object };

const options = { ...OPTIONS, zones: ["example.com"] };
const buildIngress = (name: string, service: string, port: number | string, annotations = {}): Named => ({
  ...{ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, annotations } as { name: string } },
  spec: {
    rules: [
      {
        host: `${name}.example.com`,
        http: {
          paths: [
            {
              path: "/",
              pathType: "Prefix",
              backend: {
                service: { name: service, port: typeof port === "number" ? { number: port } : { name: port } },
              },
            },
          ],
        },
      },
    ],
  },
});
const buildService = (name: string, spec: object): Named => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, labels: { app: name } } as { name: string } },
  spec: { selector: { app: name }, ...spec },
});
const withSource = (objects: readonly object[]) => objects.map((object) => ({ object, source: "shop.yaml:1" }));

function buildManifests(objects: readonly object[]) {
  const raw = withSource(objects);
  return buildServiceManifests(findServiceNeeds(parseCluster(raw), options), raw);
}

async function listErrorRules(objects: readonly object[]): Promise<string[]> {
  const findings = await lint(parseCluster(withSource(objects)), options, rejectDecryption);
  return findings.filter(({ kind }) => kind === "error").map(({ rule }) => rule);
}

/** What `kubectl apply` and a load balancer make of the folder. */
function applyManifests(objects: readonly Named[], texts: readonly string[]): Named[] {
  const status = { loadBalancer: { ingress: [{ ip: "203.0.113.20" }] } };
  const written = texts.map((text): Named => ({ ...parse(text), status }));
  const names = new Set(written.map(({ metadata }) => metadata.name));
  return [...objects.filter(({ kind, metadata }) => kind !== "Service" || !names.has(metadata.name)), ...written];
}

test("A ClusterIP Service gets a manifest with a load balancer, a proxied port and Cloudflare's addresses", () => {
  const service = buildService("shop", { type: "ClusterIP", clusterIP: "10.96.0.7", ports: [{ port: 3000 }] });
  const [manifest, ...others] = buildManifests([buildIngress("shop", "shop", 3000), service]);
  assert.equal(others.length, 0);
  assert.equal(manifest?.fileName, "default.shop.yaml");
  assert.match(
    manifest?.text ?? "",
    /^# Written by edgress lint for Ingress default\/shop\. Review it, then run kubectl apply\.\n/,
  );
  assert.deepEqual(parse(manifest?.text ?? ""), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "default", name: "shop", labels: { app: "shop" } },
    spec: {
      selector: { app: "shop" },
      type: "LoadBalancer",
      ports: [
        { port: 3000, name: "port-3000" },
        { name: "edge-80", port: 80, targetPort: 3000 },
      ],
      loadBalancerSourceRanges: [
        ...["173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18"],
        ...["108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17"],
        ...["162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22"],
      ],
    },
  });
});

const auth = { "nginx.ingress.kubernetes.io/auth-url": "http://auth.default.svc.cluster.local:4180/oauth2/auth" };
const folders: readonly (readonly [title: string, objects: readonly Named[]])[] = [
  ["ClusterIP Service", [buildIngress("shop", "shop", 80), buildService("shop", { ports: [{ port: 80 }] })]],
  [
    "NodePort Service with an unproxied port",
    [
      buildIngress("shop", "shop", 3000),
      buildService("shop", { type: "NodePort", ports: [{ port: 3000, targetPort: "web", nodePort: 30080 }] }),
    ],
  ],
  [
    "Service with an address and two unproxied ports",
    [
      buildIngress("shop", "shop", "app"),
      buildIngress("admin", "shop", 9000),
      buildService("shop", {
        externalIPs: ["203.0.113.10"],
        ports: [
          { name: "app", port: 3000 },
          { name: "admin", port: 9000 },
        ],
      }),
    ],
  ],
  [
    "Service of an auth-url",
    [
      buildIngress("shop", "shop", 80, auth),
      buildService("shop", { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] }),
      buildService("auth", { ports: [{ port: 4180 }] }),
    ],
  ],
];

for (const [title, objects] of folders) {
  test(`Applying the written manifests removes the findings: ${title}`, async () => {
    assert.notDeepEqual(await listErrorRules(objects), []);
    const texts = buildManifests(objects).map(({ text }) => text);
    assert.deepEqual(await listErrorRules(applyManifests(objects, texts)), []);
  });
}

test("A headless Service gets a second Service, which the Ingress must name", async () => {
  const objects = [
    buildIngress("shop", "shop", 80),
    buildService("shop", { clusterIP: "None", ports: [{ port: 80 }] }),
  ];
  const [manifest] = buildManifests(objects);
  assert.match(manifest?.text ?? "", /\n# Then set shop-edge as the Service in the Ingress\.\n/);
  const applied = applyManifests([buildIngress("shop", "shop-edge", 80), ...objects.slice(1)], [manifest?.text ?? ""]);
  assert.deepEqual(await listErrorRules(applied), []);
});

test("An ExternalName Service, a reachable one and a solver's get no manifest", () => {
  const solver = buildIngress("solver", "solver", 8089);
  Object.assign(solver.metadata, { labels: { "acme.cert-manager.io/http01-solver": "true" } });
  const objects = [
    ...[buildIngress("vendor", "vendor", 80), buildIngress("shop", "shop", 80), solver],
    buildService("vendor", { type: "ExternalName", externalName: "api.vendor.example", ports: [{ port: 80 }] }),
    buildService("shop", { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] }),
    buildService("solver", { type: "NodePort", ports: [{ port: 8089 }] }),
  ];
  assert.deepEqual(buildManifests(objects), []);
});

test("The manifests are written to a new folder, and no file is overwritten", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "edgress-")), "services");
  const raw = withSource([buildIngress("shop", "shop", 80), buildService("shop", { ports: [{ port: 80 }] })]);
  const cluster = parseCluster(raw);
  assert.equal(await writeServices(folder, raw, cluster, options), 1);
  assert.match(await readFile(join(folder, "default.shop.yaml"), "utf8"), /type: LoadBalancer/);
  await assert.rejects(writeServices(folder, raw, cluster, options), { code: "EEXIST" });
});
