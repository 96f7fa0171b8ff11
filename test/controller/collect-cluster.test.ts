import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import {
  type ClusterSource,
  collectCompleteCluster,
  collectLiveCluster,
  isCompleteInTime,
} from "../../sync/controller/collect-cluster.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";

const NEVER = new Promise<never>(() => {});
const LISTED = { ready: Promise.resolve(), read: () => ({ cluster: parseCluster([]), ingresses: [] }) };
const NOT_LISTED = { ready: NEVER, read: () => undefined };
const VALID = { ready: Promise.resolve(), read: () => ({ permits: ALLOW_ALL, problem: undefined }) };
const NEVER_VALID = { ready: Promise.resolve(), read: () => ({ permits: undefined, problem: "permits.yaml: claims" }) };
const NO_LONGER_VALID = {
  ready: Promise.resolve(),
  read: () => ({ permits: ALLOW_ALL, problem: "permits.yaml: claims" }),
};
const NOT_READ = { ready: NEVER, read: () => undefined };

function createSource(liveCluster: object, permits: ClusterSource["permits"]): ClusterSource {
  return { liveCluster: liveCluster as ClusterSource["liveCluster"], permits };
}

function collectLive(liveCluster: object, permits: ClusterSource["permits"]) {
  const problems: string[] = [];
  const log = { error: (_: unknown, line: string) => void problems.push(line) } as never;
  return { collected: collectLiveCluster(createSource(liveCluster, permits), log), problems };
}

const running = () => new AbortController().signal;

describe("The sync loop collects the live cluster", () => {
  test("when the first lists and the permits were read", () => {
    assert.equal(collectLive(LISTED, VALID).collected?.permits, ALLOW_ALL);
  });

  test("not before the first lists or the permits were read", () => {
    assert.equal(collectLive(NOT_LISTED, VALID).collected, undefined);
    assert.equal(collectLive(LISTED, NOT_READ).collected, undefined);
  });

  test("with the last valid permits, and logs the problem of the current ones", () => {
    const { collected, problems } = collectLive(LISTED, NO_LONGER_VALID);
    assert.equal(collected?.permits, ALLOW_ALL);
    assert.deepEqual(problems, ["permits rejected: permits.yaml: claims. The last valid permits stay in use"]);
  });

  test("never without permits", () => {
    assert.throws(() => collectLive(LISTED, NEVER_VALID), /no valid permits were read; nothing is published/);
  });
});

describe("A single sync", () => {
  test("waits for the first lists and the permits", async () => {
    assert.equal(await isCompleteInTime(createSource(LISTED, VALID), running()), true);
    assert.equal(await isCompleteInTime(createSource(LISTED, NEVER_VALID), running()), true);
  });

  test("stops waiting when it is aborted", async () => {
    assert.equal(await isCompleteInTime(createSource(NOT_LISTED, VALID), AbortSignal.abort()), false);
    assert.equal(await isCompleteInTime(createSource(LISTED, NOT_READ), AbortSignal.abort()), false);
    assert.equal(await collectCompleteCluster(createSource(NOT_LISTED, VALID), AbortSignal.abort()), undefined);
  });

  test("as a dry run rejects permits with a problem, before the first lists are complete", async () => {
    const dryRun = (permits: ClusterSource["permits"]) =>
      collectCompleteCluster(createSource(NOT_LISTED, permits), running());
    await assert.rejects(dryRun(NEVER_VALID), /^Error: permits are invalid: permits\.yaml: claims$/);
    await assert.rejects(dryRun(NO_LONGER_VALID), /^Error: permits are invalid: permits\.yaml: claims$/);
  });
});
