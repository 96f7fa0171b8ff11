import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExistingRecord } from "../../sync/cloudflare/dns.ts";
import type { ZoneRecord } from "../../sync/cloudflare/host-records.ts";
import { buildRecordLabel } from "../../sync/compile/backends/origin-record-names.ts";
import { EMPTY_REGISTRY, type StoredZoneRegistry } from "../../sync/publish/hosts/registry.ts";
import { buildHostComment } from "../../sync/publish/hosts/zone-view.ts";
import { keepUnchanged } from "../../sync/setup/removal/compare-plans.ts";
import { type AccountContent, describeRemoval, planRemoval } from "../../sync/setup/removal/removal-plan.ts";
import { NAMESPACE_ID } from "../support/setup/sample-facts.ts";

const ZONE = { id: "z1", name: "example.com" };
const SINCE = "2026-11-28T00:00:00.000Z";
const COMMENT = buildHostComment("c1", NAMESPACE_ID);

function buildRecord(id: string, name: string, changes: Partial<ZoneRecord> = {}): ZoneRecord {
  return { id, type: "AAAA", name, content: "100::", proxied: true, comment: COMMENT, ...changes };
}
function buildOrigin(content: string, name = `${buildRecordLabel(content)}.example.com`): ExistingRecord {
  return { id: `o-${content}`, type: "A", name, content, proxied: true };
}
function buildRegistry(records: readonly string[], patterns: readonly string[]): StoredZoneRegistry {
  return {
    ...EMPTY_REGISTRY,
    zone: ZONE,
    records: records.map((name, index) => ({ id: `r${index}`, name, since: SINCE })),
    routes: patterns.map((pattern, index) => ({ id: `w${index}`, pattern, script: "edgress", since: SINCE })),
  };
}

const CONTENT: AccountContent = {
  zones: [
    {
      zone: ZONE,
      records: [buildRecord("r0", "shop.example.com"), buildRecord("f", "mail.example.com", { comment: undefined })],
      routes: [
        { id: "w0", pattern: "shop.example.com/*", script: "edgress" },
        { id: "f", pattern: "blog.example.com/*", script: "blog" },
      ],
      originRecords: [buildOrigin("203.0.113.10"), buildOrigin("203.0.113.11", "edgress-manual.example.com")],
    },
  ],
  unreadableZones: [],
  registries: [buildRegistry(["shop.example.com"], ["shop.example.com/*"])],
  script: "edgress",
  namespaceId: NAMESPACE_ID,
  isOurWorker: true,
  customDomains: [],
  otherWorkers: [],
  namespaceUsers: [],
  namespace: { id: NAMESPACE_ID, title: "edgress-rules" },
  namespaceProblem: undefined,
};

function plan(changes: Partial<AccountContent>) {
  const { removals, kept } = planRemoval({ ...CONTENT, ...changes });
  return { removals: removals.map(describeRemoval), kept };
}

test("Records, routes, Worker, origin records and KV namespace are removed in this order, and nothing foreign", () => {
  assert.deepEqual(plan({}), {
    removals: [
      "DNS record shop.example.com AAAA 100::",
      "route shop.example.com/*",
      "Worker edgress with its secrets and Durable Objects",
      `DNS record ${buildRecordLabel("203.0.113.10")}.example.com A 203.0.113.10`,
      "KV namespace edgress-rules with all its keys",
    ],
    kept: [],
  });
});

test("A record or route that someone else changed stays, and with it the KV namespace that lists it", () => {
  const [zone] = CONTENT.zones;
  assert.ok(zone);
  const records = [buildRecord("r0", "shop.example.com", { content: "192.0.2.1", type: "A" })];
  const routes = [{ id: "w0", pattern: "shop.example.com/*", script: "other" }];
  assert.deepEqual(plan({ zones: [{ ...zone, records, routes, originRecords: [] }] }), {
    removals: ["Worker edgress with its secrets and Durable Objects"],
    kept: [
      "record shop.example.com: someone else changed it",
      "route shop.example.com/*: someone else changed it",
      "KV namespace edgress-rules: it has the list of what is left",
    ],
  });
});

test("A record with the comment of another controller's namespace is not ours", () => {
  const [zone] = CONTENT.zones;
  assert.ok(zone);
  const records = [buildRecord("r0", "shop.example.com", { comment: buildHostComment("c1", "00000000") })];
  const { kept } = plan({ zones: [{ ...zone, records }] });
  assert.equal(kept[0], "record shop.example.com: someone else changed it");
});

test("The record and route of an interrupted creation are found by name", () => {
  const registry = buildRegistry(["shop.example.com"], ["shop.example.com/*"]);
  const interrupted = {
    ...registry,
    records: registry.records.map((entry) => ({ ...entry, id: null })),
    routes: registry.routes.map((entry) => ({ ...entry, id: null })),
  };
  assert.deepEqual(plan({ registries: [interrupted] }), plan({}));
});

test("A zone that the token does not see keeps its records, and the KV namespace stays", () => {
  const { removals, kept } = plan({ zones: [] });
  assert.deepEqual(removals, ["Worker edgress with its secrets and Durable Objects"]);
  assert.equal(kept[0], "zone example.com: the token does not see it, so its records and routes stay");
});

test("A Worker stays while a route of others leads to it, or if it has other keys", () => {
  assert.deepEqual(plan({ registries: [] }).kept, [
    "Worker edgress: the route shop.example.com/* leads to it and is not ours; remove it first",
    "KV namespace edgress-rules: it has the list of what is left",
  ]);
  assert.equal(plan({ isOurWorker: false }).kept[0], "Worker edgress: it accepts other keys than ours");
});

test("Origin records stay while another Worker of edgress may need them", () => {
  assert.deepEqual(plan({ otherWorkers: ["edgress-staging"] }).kept, [
    "1 origin records: the Worker edgress-staging may need them",
  ]);
});

test("A KV namespace with a problem stays, and one that is gone is not listed", () => {
  assert.deepEqual(plan({ namespaceProblem: "it has keys of others, such as a" }).kept, [
    "KV namespace edgress-rules: it has keys of others, such as a",
  ]);
  assert.deepEqual(plan({ namespace: undefined, registries: [], isOurWorker: undefined, zones: [] }), {
    removals: [],
    kept: [],
  });
});

test("What changed since the plan was printed stays, and with it the KV namespace", () => {
  const [zone] = CONTENT.zones;
  assert.ok(zone);
  const printed = planRemoval(CONTENT);
  assert.deepEqual(keepUnchanged(printed, planRemoval(CONTENT)), printed);
  const moved = { id: "w0", pattern: "shop.example.com/*", script: "other" };
  const edited = buildOrigin("203.0.113.12");
  const current = planRemoval({ ...CONTENT, zones: [{ ...zone, routes: [moved], originRecords: [edited] }] });
  const { removals, kept } = keepUnchanged(printed, current);
  assert.deepEqual(removals.map(describeRemoval), [
    "DNS record shop.example.com AAAA 100::",
    "Worker edgress with its secrets and Durable Objects",
  ]);
  assert.deepEqual(kept, [
    "route shop.example.com/*: someone else changed it",
    "KV namespace edgress-rules: it has the list of what is left",
    `DNS record ${buildRecordLabel("203.0.113.12")}.example.com A 203.0.113.12: it changed meanwhile; run the command again`,
  ]);
});
