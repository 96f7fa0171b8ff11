import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cluster, Reference } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { NO_PREVIOUS_STATE } from "../../sync/compile/last-good.ts";
import { type CollectedCluster, type CompileDependencies, runPipeline } from "../../sync/controller/pipeline.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";
import { createRegexChecker } from "../../sync/regex-check/regex-checker.ts";
import { resolvesWithin } from "../../sync/runtime/wait.ts";
import { OPTIONS } from "../support/fixture.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const SHOP = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: { edgress.dev/auth-type: basic, edgress.dev/auth-secret: users }
spec:
  ingressClassName: edgress
  rules:
    - { host: shop.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }
`;

/** Dependencies without an account: only compile may use them. */
const DEPENDENCIES = {
  account: { encryptor: { tokenizeSecret: (text: string) => text, retainTokens: () => {} } },
  records: {
    listZones: async () => [{ id: "1", name: "example.com" }],
    listRejectedRecords: () => [],
    expireRejections() {},
  },
  options: OPTIONS,
  regexChecker: createRegexChecker(),
  cache: createCompileCache(),
} as unknown as CompileDependencies;

function parseYaml(text: string): Cluster {
  const parsedFile = parseManifest(text, "in.yaml");
  return parseCluster("objects" in parsedFile ? parsedFile.objects : []);
}

function collected(
  cluster: Cluster,
  collectReferences: CollectedCluster["collectReferences"] = async () => undefined,
): CollectedCluster {
  return { cluster, permits: ALLOW_ALL, collectReferences };
}

/** Stages that write down their order. */
function recordStages(calls: string[], cluster: CollectedCluster | undefined) {
  return {
    collect: async () => {
      calls.push("collect");
      return cluster;
    },
    readBase: async () => {
      calls.push("read base");
      return { previousState: NO_PREVIOUS_STATE };
    },
    publish: async () => void calls.push("publish"),
    report: async () => void calls.push("report"),
  };
}

describe("The pipeline", () => {
  test("runs its stages in order", async () => {
    const calls: string[] = [];
    await runPipeline(DEPENDENCIES, recordStages(calls, collected(parseYaml(SHOP))), NOW);
    assert.deepEqual(calls, ["collect", "read base", "publish", "report"]);
  });

  test("reads, publishes and reports nothing while the cluster is not complete", async () => {
    const calls: string[] = [];
    assert.equal(await runPipeline(DEPENDENCIES, recordStages(calls, undefined), NOW), undefined);
    assert.deepEqual(calls, ["collect"]);
  });

  test("publishes nothing if the base cannot be read", async () => {
    const calls: string[] = [];
    const readBase = () => Promise.reject(new Error("owned by another cluster"));
    const stages = { ...recordStages(calls, collected(parseYaml(SHOP))), readBase };
    await assert.rejects(runPipeline(DEPENDENCIES, stages, NOW), /owned by another cluster/);
    assert.deepEqual(calls, ["collect"]);
  });

  test("collects the objects that rules reference before it publishes", async () => {
    const requested: Reference[][] = [];
    const withSecret = parseYaml(
      `${SHOP}---\n{ apiVersion: v1, kind: Secret, metadata: { name: users }, data: { auth: YTpi } }\n`,
    );
    const cluster = collected(parseYaml(SHOP), async (references) => {
      requested.push([...references]);
      return collected(withSecret);
    });
    const report = async (compiled: { cluster: Cluster }) => compiled.cluster;
    const compiledCluster = await runPipeline(DEPENDENCIES, { ...recordStages([], cluster), report }, NOW);
    assert.deepEqual(requested, [[{ kind: "Secret", namespace: "default", name: "users" }]]);
    assert.equal(compiledCluster, withSecret);
  });

  test("publishes after five passes, even if every pass references a new object", async () => {
    let passes = 0;
    const collectAgain = async (): Promise<CollectedCluster> => {
      passes++;
      return collected(parseYaml(SHOP), collectAgain);
    };
    const calls: string[] = [];
    await runPipeline(DEPENDENCIES, recordStages(calls, collected(parseYaml(SHOP), collectAgain)), NOW);
    assert.equal(passes, 5);
    assert.equal(calls.at(-1), "report");
  });
});

describe("A wait with a time limit", () => {
  const never = new Promise<void>(() => {});

  test("ends with true when the event happens", async () => {
    assert.equal(await resolvesWithin(Promise.resolve(), 60_000, new AbortController().signal), true);
  });

  test("ends with false after the time limit", async () => {
    assert.equal(await resolvesWithin(never, 1, new AbortController().signal), false);
  });

  test("ends with false when it is aborted", async () => {
    assert.equal(await resolvesWithin(never, 60_000, AbortSignal.abort()), false);
  });

  test("rejects if the event fails", async () => {
    const event = Promise.reject(new Error("permits are invalid"));
    await assert.rejects(resolvesWithin(event, 60_000, new AbortController().signal), /permits are invalid/);
  });
});
