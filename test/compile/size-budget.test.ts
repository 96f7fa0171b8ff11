import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { FAST_OPTIONS } from "./compile-objects.ts";

const BACKEND = { service: { name: "web", port: { number: 80 } } };
const RANGES = Array.from({ length: 12_500 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`).join(",");

interface LargeIngress {
  readonly namespace?: string;
  readonly name?: string;
  readonly hosts: number;
  readonly paths?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly created?: string;
}

function buildIngress({ namespace = "bob", name = "big", hosts, paths = 1, annotations = {}, created }: LargeIngress) {
  const prefixed = Object.fromEntries(
    Object.entries(annotations).map(([key, text]) => [`nginx.ingress.kubernetes.io/${key}`, text]),
  );
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace, name, creationTimestamp: created ?? "2026-01-01T00:00:00Z", annotations: prefixed },
    spec: {
      rules: Array.from({ length: hosts }, (_, host) => ({
        host: `${name}-${host}.example.com`,
        http: {
          paths: Array.from({ length: paths }, (_, path) => ({
            path: `/${path}`,
            pathType: "Prefix",
            backend: BACKEND,
          })),
        },
      })),
    },
  };
}

function compileLarge(objects: readonly object[], limits: Readonly<Record<string, number>> = {}) {
  const permits = { ...FAST_OPTIONS.permits, limits: [{ namespaces: ["*"], ...limits }] };
  const cluster = parseCluster(objects.map((object) => ({ object, source: "in.yaml:1" })));
  const { rules, diagnostics } = compile(cluster, { ...FAST_OPTIONS, permits });
  const routes = rules.hosts.flatMap((host) => host.routes).filter(({ id }) => !id.endsWith("#default"));
  const closed = routes.filter(({ policies }) => policies.failClosed).map(({ id }) => id.replace(/#.*/, ""));
  const reasons = [...new Set(diagnostics.map(({ reason, object }) => `${reason} ${object}`))].filter(
    (line) => !/ServiceNotFound|HostNotInZone/.test(line),
  );
  return { rules, reasons, closed: new Set(closed), served: routes.length - closed.length };
}

describe("The budget of an Ingress", () => {
  test("An Ingress of 608 KB with 3,000 hosts cannot use more than its bytes, and costs no other tenant a route", () => {
    const big = buildIngress({ hosts: 3000, annotations: { "whitelist-source-range": RANGES } });
    const { rules, reasons, closed, served } = compileLarge([
      big,
      buildIngress({ namespace: "alice", name: "shop", hosts: 1 }),
    ]);
    assert.deepEqual(reasons, ["IngressTooLarge Ingress bob/big"]);
    assert.deepEqual([[...closed], served], [["bob/big"], 1]);
    assert.ok(JSON.stringify(rules).length < 1_000_000);
  });

  test("The data of a Secret or ConfigMap counts in each route that it becomes a part of", () => {
    const annotations = { "auth-type": "basic", "auth-secret": "staff" };
    const auth = Buffer.from("user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n".repeat(20_000)).toString("base64");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: "bob", name: "staff" }, data: { auth } };
    const { reasons } = compileLarge([buildIngress({ hosts: 40, annotations }), secret]);
    assert.deepEqual(reasons, ["IngressTooLarge Ingress bob/big"]);
  });

  test("Aliases cannot multiply the bytes of an Ingress past its limit", () => {
    const aliases = Array.from({ length: 500 }, (_, index) => `alias-${index}.example.com`).join(",");
    const annotations = { "server-alias": aliases, "whitelist-source-range": RANGES };
    const { reasons, rules } = compileLarge([buildIngress({ hosts: 1, annotations })]);
    assert.deepEqual(reasons, ["IngressTooLarge Ingress bob/big"]);
    assert.equal(rules.hosts.length, 1);
  });

  test("5,000 paths of one host are within the limits", () => {
    const annotations = { "proxy-body-size": "8m" };
    const { reasons, served } = compileLarge([buildIngress({ hosts: 1, paths: 5000, annotations })]);
    assert.deepEqual([reasons, served], [[], 5000]);
  });
});

describe("The budget of a namespace", () => {
  test("The newest Ingresses of a namespace lose first, and the rest is served", () => {
    const ingresses = ["old", "middle", "new"].map((name, index) =>
      buildIngress({ name, hosts: 100, created: `2026-0${index + 1}-01T00:00:00Z`, annotations: { "app-root": "/a" } }),
    );
    const other = buildIngress({ namespace: "alice", name: "shop", hosts: 100 });
    const { reasons, closed } = compileLarge([...ingresses, other], { maxBytes: 250 * 400 + 50_000 });
    assert.deepEqual(reasons, ["NamespaceSizeExceeded Ingress bob/new"]);
    assert.deepEqual([...closed], []);
  });

  test("A namespace cannot have more regexes than its quota", () => {
    const regexes = buildIngress({ hosts: 1, paths: 5, annotations: { "use-regex": "true" } });
    const plain = buildIngress({ name: "plain", hosts: 1, paths: 5 });
    const { reasons, served } = compileLarge([regexes, plain], { maxRegexes: 3 });
    assert.deepEqual([reasons, served], [["RegexLimitExceeded Ingress bob/big"], 8]);
  });

  test("An Ingress cannot name more hosts than the limit: the first ones are served", () => {
    const { reasons, served } = compileLarge([buildIngress({ hosts: 12 })], { maxIngressHosts: 10 });
    assert.deepEqual([reasons, served], [["IngressTooLarge Ingress bob/big"], 10]);
  });
});

test("The routes of an Ingress share one list of ranges", () => {
  const { rules } = compileLarge([
    buildIngress({ hosts: 2, annotations: { "whitelist-source-range": "192.0.2.0/24" } }),
  ]);
  const lists = rules.hosts.map(({ routes }) => routes[0]?.policies.authorization?.sourceRange?.allow);
  assert.ok(lists[0]);
  assert.equal(lists[0], lists[1]);
});
