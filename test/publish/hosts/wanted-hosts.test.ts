import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { groupHostsByZone } from "../../../sync/publish/hosts/wanted-hosts.ts";

function buildHost(host: string, namespace: string): HostRules {
  const route = { id: `${namespace}/web#0.0`, path: { type: "prefix", path: "/" } as const, policies: {} };
  return { host, policies: {}, routes: [route], backends: {} };
}

test("Wildcards of one label and of any number of labels share the record and the route of their name", () => {
  const hosts = [
    buildHost("**.example.com", "shop"),
    buildHost("*.example.com", "blog"),
    buildHost("**.deep.example.com", "shop"),
    buildHost("**.example.org", "shop"),
  ];
  assert.deepEqual(
    [...groupHostsByZone(hosts, ["example.com"])],
    [
      [
        "example.com",
        [
          { host: "*.deep.example.com", namespaces: ["shop"] },
          { host: "*.example.com", namespaces: ["blog", "shop"] },
        ],
      ],
    ],
  );
});
