import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { WriterOptions } from "../../sync/report/parallel-writer.ts";
import { reportStatuses, type StatusWrite } from "../../sync/report/status.ts";
import {
  countResults,
  type RecordingApiServer,
  startRecordingApiServer,
} from "../support/report/recording-api-server.ts";

const FORBIDDEN = { status: 403, message: "events is forbidden" };
let server: RecordingApiServer;
let options: WriterOptions;

before(async () => {
  server = await startRecordingApiServer();
});
after(() => server.close());
beforeEach(() => {
  server.reset();
  options = server.createOptions();
});

function buildStatusWrite(name: string, apiVersion = "networking.k8s.io/v1"): StatusWrite {
  return { apiVersion, namespace: "shop", name, patch: { metadata: { resourceVersion: "41" } } };
}

function buildStatusWrites(count: number): StatusWrite[] {
  return Array.from({ length: count }, (_, index) => buildStatusWrite(`ingress-${index}`));
}

describe("statuses", () => {
  test("A status is patched in the API version of the observed Ingress", async () => {
    const writes = [buildStatusWrite("new"), buildStatusWrite("old", "extensions/v1beta1")];
    assert.deepEqual(countResults(await reportStatuses(writes, options)), {
      writtenCount: 2,
      skippedCount: 0,
      failedCount: 0,
      remainingCount: 0,
    });
    assert.deepEqual(server.calls.map(({ line }) => line).toSorted(), [
      "PATCH /apis/extensions/v1beta1/namespaces/shop/ingresses/old/status",
      "PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/new/status",
    ]);
    assert.equal(server.calls[0]?.type, "application/merge-patch+json");
    assert.deepEqual(server.calls[0]?.body, { metadata: { resourceVersion: "41" } });
    assert.deepEqual(server.lines, []);
  });

  test("A status of a deleted or newer Ingress is skipped", async () => {
    server.refusal = ({ line }) => ({ status: line.includes("ingress-0") ? 404 : 409, message: "no" });
    const summary = await reportStatuses(buildStatusWrites(30), options);
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 30, failedCount: 0, remainingCount: 0 });
    assert.deepEqual(server.lines, []);
  });

  test("A failed status is counted and logged, and other statuses are written", async () => {
    server.refusal = ({ line }) =>
      line.includes("ingress-3/") ? { status: 422, message: "it is invalid" } : undefined;
    const summary = await reportStatuses(buildStatusWrites(20), options);
    assert.deepEqual(countResults(summary), { writtenCount: 19, skippedCount: 0, failedCount: 1, remainingCount: 0 });
    assert.deepEqual(server.lines, [
      "the status of Ingress shop/ingress-3 was not written: it is invalid (422 Refused)",
    ]);
  });

  test("After 10 failed statuses only the number of the others is logged", async () => {
    server.refusal = () => FORBIDDEN;
    const summary = await reportStatuses(buildStatusWrites(300), options);
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 0, failedCount: 300, remainingCount: 0 });
    assert.equal(server.lines.length, 11);
    assert.equal(server.lines[10], "290 more were not written");
  });

  test("Statuses are written 32 at a time", async () => {
    let maxInFlight = 0;
    const pendingResolvers: ((answer: object) => void)[] = [];
    const release = () => {
      for (const resolve of pendingResolvers.splice(0)) resolve({});
    };
    const patch = () =>
      new Promise((resolve) => {
        maxInFlight = Math.max(maxInFlight, pendingResolvers.push(resolve));
        if (pendingResolvers.length === 32) setImmediate(release);
      });
    const summary = await reportStatuses(buildStatusWrites(320), { ...options, api: { ...options.api, patch } });
    assert.deepEqual([summary.writtenCount, maxInFlight], [320, 32]);
  });

  test("32 statuses are written over new connections", async () => {
    const summary = await reportStatuses(buildStatusWrites(32), options);
    assert.deepEqual(countResults(summary), { writtenCount: 32, skippedCount: 0, failedCount: 0, remainingCount: 0 });
  });

  test("Statuses are postponed when every request gets 503", async () => {
    server.refusal = () => ({ status: 503, message: "no" });
    const { failedItems, remainingItems } = await reportStatuses(buildStatusWrites(1000), options);
    assert.ok(failedItems.length >= 32 && failedItems.length <= 64, `${failedItems.length} failed`);
    assert.equal(failedItems.length + remainingItems.length, 1000);
    assert.equal(server.lines.at(-1), `${remainingItems.length} were postponed to the next sync`);
  });

  test("Every status is tried when only some requests get 503", async () => {
    server.refusal = () => (server.calls.length % 2 === 0 ? { status: 503, message: "no" } : undefined);
    const summary = await reportStatuses(buildStatusWrites(200), options);
    assert.deepEqual(countResults(summary), {
      writtenCount: 100,
      skippedCount: 0,
      failedCount: 100,
      remainingCount: 0,
    });
  });

  test("Statuses are postponed when the writer is aborted", async () => {
    const abortController = new AbortController();
    server.refusal = () => void (server.calls.length === 40 && abortController.abort());
    const { writtenCount, remainingItems } = await reportStatuses(buildStatusWrites(1000), {
      ...options,
      signal: abortController.signal,
    });
    assert.ok(writtenCount >= 8 && writtenCount < 80, `${writtenCount} written`);
    assert.equal(writtenCount + remainingItems.length, 1000);
  });

  test("Statuses for an unreachable API server fail without a rejection", async () => {
    const rejectConnection = () => Promise.reject(new TypeError("connection refused"));
    const api = { ...options.api, patch: rejectConnection };
    const summary = await reportStatuses(buildStatusWrites(2), { ...options, api });
    assert.deepEqual(countResults(summary), { writtenCount: 0, skippedCount: 0, failedCount: 2, remainingCount: 0 });
    assert.equal(server.lines[0], "the status of Ingress shop/ingress-0 was not written: connection refused");
  });
});
