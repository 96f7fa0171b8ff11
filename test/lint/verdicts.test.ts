import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "../../sync/lint/verdicts/report.ts";
import { buildIngressFrom, NGINX } from "../support/cli/lint.ts";
import { lintToJson } from "../support/cli/lint-command.ts";
import { buildServiceManifest } from "../support/manifests.ts";

interface HostInput {
  readonly host: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly service?: string;
}

async function judge(inputs: readonly HostInput[]) {
  const ingresses = inputs.map(({ host, annotations = {}, service = "shop" }, index) => {
    const backend = { service: { name: service, port: { number: 80 } } };
    const http = { paths: [{ path: `/${index}`, pathType: "Prefix", backend }] };
    return { ...buildIngressFrom({ name: `i${index}`, annotations }), spec: { rules: [{ host, http }] } };
  });
  const services = [
    buildServiceManifest("shop", ["203.0.113.10"]),
    { ...buildServiceManifest("internal", []), spec: { ports: [{ port: 80 }] } },
  ];
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...ingresses, ...services] });
  const { report } = await lintToJson(["-"], input);
  const format = ({ name, verdict, changes, causes }: Verdict) =>
    `${name} ${verdict} ${changes} ${causes.join(", ")}`.trim();
  return { hosts: report.hosts.map(format), ingresses: report.ingresses.map(format) };
}

const snippet = { [`${NGINX}configuration-snippet`]: "return 200;" };

describe("verdicts of lint", () => {
  test("A host can move now if none of its Ingresses has an error, differences or not", async () => {
    const { hosts } = await judge([
      { host: "a.example.com" },
      { host: "b.example.com", annotations: { [`${NGINX}limit-rate`]: "5" } },
    ]);
    assert.deepEqual(hosts, ["a.example.com now 0", "b.example.com now 0"]);
  });

  test("A host needs one change if one cause blocks it, on several Ingresses", async () => {
    const { hosts } = await judge([
      { host: "a.example.com", service: "internal" },
      { host: "a.example.com", service: "internal" },
      { host: "a.example.com" },
    ]);
    assert.deepEqual(hosts, ["a.example.com after-one-change 1 NoExternalAddress"]);
  });

  test("A host needs more changes if several causes block it", async () => {
    const { hosts } = await judge([
      { host: "a.example.com", service: "internal" },
      { host: "a.example.com", annotations: snippet },
    ]);
    assert.deepEqual(hosts, [
      "a.example.com after-more-changes 2 NoExternalAddress, RouteFailedClosed configuration-snippet",
    ]);
  });

  test("Annotations with the same remedy need one change", async () => {
    const annotations = { [`${NGINX}enable-modsecurity`]: "true", [`${NGINX}enable-owasp-core-rules`]: "true" };
    const { hosts } = await judge([{ host: "a.example.com", annotations }]);
    assert.deepEqual(hosts, [
      "a.example.com after-one-change 1 RouteFailedClosed enable-modsecurity, RouteFailedClosed enable-owasp-core-rules",
    ]);
  });

  for (const [annotation, value] of [
    ["ssl-passthrough", "true"],
    ["backend-protocol", "GRPC"],
    ["backend-protocol", "fcgi"],
  ] as const) {
    test(`A host with ${annotation}: ${value} cannot move`, async () => {
      const { hosts } = await judge([{ host: "a.example.com", annotations: { [NGINX + annotation]: value } }]);
      assert.deepEqual(hosts, [`a.example.com cannot-move 1 RouteFailedClosed ${annotation}`]);
    });
  }

  test("A host with an unreadable ssl-passthrough can move after a change", async () => {
    const { hosts } = await judge([{ host: "a.example.com", annotations: { [`${NGINX}ssl-passthrough`]: "maybe" } }]);
    assert.deepEqual(hosts, ["a.example.com after-one-change 1 RouteFailedClosed ssl-passthrough"]);
  });

  test("An annotation that closes a host blocks the other Ingresses of the host too", async () => {
    const { ingresses } = await judge([
      { host: "a.example.com", annotations: { [`${NGINX}server-snippet`]: "return 200;" } },
      { host: "a.example.com" },
      { host: "b.example.com" },
    ]);
    assert.deepEqual(ingresses, [
      "default/i2 now 0",
      "default/i0 after-one-change 1 RouteFailedClosed server-snippet",
      "default/i1 after-one-change 1 RouteFailedClosed server-snippet",
    ]);
  });

  test("A Service without address is the same cause for a backend and for auth-url", async () => {
    const annotations = { [`${NGINX}auth-url`]: "http://internal.default.svc.cluster.local/verify" };
    const { hosts } = await judge([{ host: "a.example.com", annotations, service: "internal" }]);
    assert.deepEqual(hosts, ["a.example.com after-one-change 1 NoExternalAddress"]);
  });

  test("An invalid Ingress can move after one change", async () => {
    const input = JSON.stringify({ ...buildIngressFrom({}), spec: { rules: "none" } });
    const { report } = await lintToJson(["-"], input);
    assert.deepEqual(
      report.ingresses.map(({ name, verdict }) => [name, verdict]),
      [["default/shop", "after-one-change"]],
    );
    assert.deepEqual(report.hosts, []);
  });

  test("A host in none of the zones needs a change", async () => {
    const { report } = await lintToJson(["-", "--zone", "example.net"], JSON.stringify(buildIngressFrom({})));
    assert.deepEqual(
      report.hosts.map(({ verdict, causes }) => [verdict, causes]),
      [["after-one-change", ["HostNotInZone"]]],
    );
  });
});
