import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { EventMessage } from "../../sync/report/event-messages.ts";
import { NO_EVENTS, reportEvents } from "../../sync/report/events.ts";
import type { WriterOptions } from "../../sync/report/parallel-writer.ts";
import {
  countResults,
  type RecordingApiServer,
  startRecordingApiServer,
} from "../support/report/recording-api-server.ts";

const FORBIDDEN = { status: 403, message: "events is forbidden" };
const NOW = new Date("2026-03-01T12:00:00Z");
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

function buildMessage(name: string, message = "it is wrong"): EventMessage {
  const uid = `uid of ${name}`;
  const involved = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "shop", name, uid };
  return { involvedObject: { ...involved, resourceVersion: "41" }, severity: "error", reason: "InvalidHost", message };
}

describe("Events", () => {
  test("An Event is created in the namespace of its object", async () => {
    const { result } = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", options);
    assert.equal(result.writtenCount, 1);
    const [call] = server.calls;
    assert.equal(call?.line, "POST /api/v1/namespaces/shop/events");
    assert.deepEqual([call?.body.apiVersion, call?.body.kind, call?.body.count], ["v1", "Event", 1]);
  });

  for (const [condition, refusalResponse] of Object.entries({
    "that exists since before a restart": { status: 409, message: "it exists" },
    "for a missing namespace": { status: 404, message: 'namespaces "shop" not found' },
    "for a namespace that is being deleted": {
      status: 403,
      message: "unable to create new content in namespace shop because it is being terminated",
    },
  })) {
    test(`An Event ${condition} is skipped, and not retried`, async () => {
      server.refusal = () => refusalResponse;
      const { history, result } = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", options);
      assert.deepEqual(countResults({ ...result, failedItems: [], remainingItems: [] }), {
        writtenCount: 0,
        skippedCount: 1,
        failedCount: 0,
        remainingCount: 0,
      });
      await reportEvents(history, [buildMessage("cart")], NOW, "edgress-0", options);
      assert.equal(server.calls.length, 1);
      assert.deepEqual(server.lines, []);
    });
  }

  test("A failed Event is logged, and retried at the next sync", async () => {
    server.refusal = () => FORBIDDEN;
    const first = await reportEvents(NO_EVENTS, [buildMessage("cart")], NOW, "edgress-0", options);
    assert.equal(first.result.failedItems.length, 1);
    assert.deepEqual(server.lines, [
      "the Event InvalidHost on Ingress shop/cart was not written: events is forbidden (403 Refused)",
    ]);
    server.refusal = () => undefined;
    const second = await reportEvents(first.history, [buildMessage("cart")], NOW, "edgress-0", options);
    assert.equal(second.result.writtenCount, 1);
    const third = await reportEvents(second.history, [buildMessage("cart")], NOW, "edgress-0", options);
    assert.equal(third.result.writtenCount, 0);
  });

  test("Postponed Events do not count towards the limit of their object", async () => {
    const messages = Array.from({ length: 25 }, (_, index) => buildMessage("cart", `problem ${index}`));
    const signal = AbortSignal.abort();
    const first = await reportEvents(NO_EVENTS, messages, NOW, "edgress-0", { ...options, signal });
    assert.equal(first.result.remainingItems.length, 25);
    const second = await reportEvents(first.history, messages, NOW, "edgress-0", options);
    assert.equal(second.result.writtenCount, 25);
  });
});
