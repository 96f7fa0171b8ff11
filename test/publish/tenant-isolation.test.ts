import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Dns, OriginRecord } from "../../sync/cloudflare/dns.ts";
import { ChangeRejectedError } from "../../sync/cloudflare/rejections.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { NO_PREVIOUS_STATE } from "../../sync/compile/last-good.ts";
import { collectOnce } from "../../sync/controller/collect-cluster.ts";
import { guardRules } from "../../sync/controller/guard-rules.ts";
import { type CompileDependencies, runPipeline } from "../../sync/controller/pipeline.ts";
import { DEFAULT_PERMITS, findMaxRecords, type Permits } from "../../sync/permits/model.ts";
import { createOriginRecordSync } from "../../sync/publish/dns/sync-records.ts";
import { fitShards } from "../../sync/publish/fit-shards.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { OPTIONS } from "../support/fixture.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { LIMITS } from "../support/publish/removals.ts";

const RECORD_QUOTA = 24;
const NOW = new Date("2026-01-01T00:00:00Z");
const PERMITS: Permits = {
  ...DEFAULT_PERMITS,
  claims: [
    { namespaces: ["zoe"], hosts: ["*.zoe.example.com"], paths: ["/"] },
    { namespaces: ["bob"], hosts: ["*.bob.example.com"], paths: ["/"] },
  ],
  limits: [{ namespaces: ["*"], maxRoutes: 40 }],
};

/** Returns DNS with one zone that has a quota, and that rejects addresses which end with an odd number above 200. */
function createStrictDns(): Dns {
  let records: (OriginRecord & { id: string; proxied: boolean })[] = [];
  const isRejected = ({ content }: OriginRecord) => {
    const last = Number(content.split(".").at(-1));
    return last > 200 && last % 2 === 1;
  };
  return {
    listZones: async () => [ZONE],
    listRecords: async () => records,
    readRecordQuota: async () => RECORD_QUOTA,
    async applyChange(_, { add, remove }) {
      const next = records.filter(({ id }) => !remove.some((record) => record.id === id));
      for (const record of add) {
        if (isRejected(record)) throw new ChangeRejectedError(9003, `rejected: ${record.content}`);
        if (next.length >= RECORD_QUOTA) throw new ChangeRejectedError(81045, "quota exceeded");
        next.push({ ...record, id: record.name, proxied: true });
      }
      records = next;
    },
  };
}

const ZONE = {
  id: "1",
  name: "example.com",
  status: "active",
  isPaused: false,
  isPartial: false,
  plan: "pro",
} as const;

interface TenantInput {
  readonly ingresses: readonly {
    readonly name: string;
    readonly hosts: readonly number[];
    readonly path: string;
    readonly range: string | undefined;
  }[];
  readonly addresses: readonly number[];
}

function buildTenant(namespace: string, { ingresses, addresses }: TenantInput): object[] {
  const octet = namespace === "zoe" ? 10 : 20;
  const service = buildServiceManifest(
    "web",
    addresses.map((last) => `198.51.${octet}.${last}`),
  );
  const objects = ingresses.map(({ name, hosts, path, range }) => {
    const annotations = withNginxPrefix(range === undefined ? {} : { "whitelist-source-range": range });
    const ingress = buildIngressManifest(name, undefined, { [path]: "web" }, annotations);
    const rules = hosts.flatMap((host) =>
      ingress.spec.rules.map((rule) => ({ ...rule, host: `h${host}.${namespace}.example.com` })),
    );
    return { ...ingress, spec: { ...ingress.spec, rules } };
  });
  return [service, ...objects].map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

/** Creates a controller without an API server or KV: it compiles, adds records, and keeps the published hosts. */
function createPublisher() {
  const records = createOriginRecordSync(createStrictDns(), () => 0);
  let published: readonly HostRules[] = [];
  const dependencies = {
    account: { encryptor: { tokenizeSecret: (text: string) => text, retainTokens: () => {} } },
    records,
    options: { ...OPTIONS, watchIngressWithoutClass: true },
    regexChecker: { verdicts: () => OPTIONS.regexVerdicts, startSync: () => ({ check: async () => false }) },
    cache: createCompileCache(),
  } as unknown as CompileDependencies;
  return async (objects: readonly object[]): Promise<readonly HostRules[]> => {
    const cluster = parseCluster(objects.map((object) => ({ object, source: "in.yaml:1" })));
    const guard = (rules: { zones: readonly string[]; hosts: readonly HostRules[] }) =>
      guardRules({ hosts: published }, rules, LIMITS, new Set()).rules;
    const stages = {
      collect: async () => collectOnce(cluster, PERMITS),
      readBase: async () => ({ previousState: NO_PREVIOUS_STATE }),
      syncRecords: ({ compilation: { rules } }: { compilation: { rules: Parameters<typeof guard>[0] } }) =>
        records.sync(
          guard(rules),
          () => {},
          (namespace) => findMaxRecords(PERMITS, namespace),
        ),
      publish: async ({ compilation: { rules } }: { compilation: { rules: Parameters<typeof guard>[0] } }) => {
        published = fitShards(guard(rules), (fitted) =>
          planPublication(fitted, undefined, 1, NOW, { kvNamespaceId: "memory", hashKey: [1, 2] }),
        ).rules.hosts;
      },
      report: async () => {},
    };
    await runPipeline(dependencies, stages, NOW);
    return published;
  };
}

test("Whatever one tenant writes, the publication of the other tenant's changes stays the same", async () => {
  const range = fc.option(fc.constantFrom("192.0.2.0/24", "bad", "198.51.100.0/24"), { nil: undefined });
  const buildTenantArbitrary = (maxAddress: number, maxCount: number): fc.Arbitrary<TenantInput> =>
    fc.record({
      ingresses: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom("a", "b", "c", "d"),
          hosts: fc.uniqueArray(fc.nat({ max: 12 }), { minLength: 1, maxLength: 13 }),
          path: fc.constantFrom("/", "/x", "/y", "relative"),
          range,
        }),
        { selector: ({ name }) => name, maxLength: 4 },
      ),
      addresses: fc.uniqueArray(fc.integer({ min: 1, max: maxAddress }), { maxLength: maxCount }),
    });
  const zoe = buildTenantArbitrary(200, 6);
  const bob = buildTenantArbitrary(254, 40);
  const listZoe = (hosts: readonly HostRules[]) => hosts.filter(({ host }) => host.includes(".zoe."));
  await fc.assert(
    fc.asyncProperty(zoe, zoe, bob, bob, bob, async (zoeBefore, zoeAfter, bobBefore, bobAfter, bobOther) => {
      const run = async (bobSecond: TenantInput) => {
        const publish = createPublisher();
        // One Ingress of zoe always stays, because the guard blocks a snapshot without rules.
        const keep = buildIngressManifest("keep", "keep.zoe.example.com", { "/": "web" });
        const kept = { ...keep, metadata: { ...keep.metadata, namespace: "zoe" } };
        const first = await publish([kept, ...buildTenant("zoe", zoeBefore), ...buildTenant("bob", bobBefore)]);
        const second = await publish([kept, ...buildTenant("zoe", zoeAfter), ...buildTenant("bob", bobSecond)]);
        return [listZoe(first), listZoe(second)];
      };
      assert.deepEqual(await run(bobAfter), await run(bobOther));
    }),
    { numRuns: 100 },
  );
});
