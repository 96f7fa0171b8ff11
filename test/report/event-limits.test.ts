import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EventMessage } from "../../sync/report/event-messages.ts";
import { type EventHistory, NO_EVENTS, planEvents } from "../../sync/report/events.ts";
import {
  addEventMinutes,
  buildDiagnosticMessages,
  buildEventDiagnostic,
  EVENT_TIME,
  INVALID_HOST,
  runEventSyncs,
} from "../support/report/sample-events.ts";

describe("Events of a flapping object", () => {
  const generations = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      buildDiagnosticMessages([], { generation: from + index, digest: "abc", changedIngresses: ["shop/cart"] }),
    );

  test("A flapping object gets 25 Events, then one every five minutes, and does not limit other objects", () => {
    const last = buildDiagnosticMessages([], {
      generation: 99,
      digest: "abc",
      changedIngresses: ["shop/cart", "shop/front"],
    });
    let eventHistory: EventHistory = NO_EVENTS;
    const listWrittenObjects = (present: readonly EventMessage[], minutes: number) => {
      const { pendingEvents, history } = planEvents(eventHistory, present, addEventMinutes(minutes), "edgress-0");
      eventHistory = history;
      return pendingEvents.map(({ event }) => event.involvedObject.name);
    };
    assert.equal(generations(0, 30).flatMap((present) => listWrittenObjects(present, 0)).length, 25);
    assert.deepEqual(listWrittenObjects(last, 4), ["front"]);
    assert.deepEqual(listWrittenObjects(last, 5), ["cart"]);
  });

  test("An Event over the limit is written later if its diagnostic still applies", () => {
    const many = buildDiagnosticMessages(
      Array.from({ length: 26 }, (_, index) =>
        buildEventDiagnostic("Ingress shop/cart", "InvalidPath", `spec.rules[0].http.paths[${index}]`),
      ),
    );
    const counts = runEventSyncs(many, many, many, many, many, many, many).map(({ length }) => length);
    assert.deepEqual(counts, [25, 0, 0, 0, 0, 1, 0]);
  });

  test("The history of an object without new Events is dropped", () => {
    const { history } = planEvents(NO_EVENTS, buildDiagnosticMessages([INVALID_HOST]), EVENT_TIME, "x");
    assert.equal(history.buckets.size, 1);
    assert.deepEqual(planEvents(history, [], addEventMinutes(5), "x").history, {
      messages: [],
      keys: new Set(),
      buckets: new Map(),
    });
  });
});

describe("Events of a publication", () => {
  const digest = "abcdef1234567890abcdef1234567890";

  test("Each Ingress with changed rules gets a Published Event", () => {
    const changedIngresses = ["shop/cart", "shop/front", "shop/gone"];
    const { pendingEvents } = planEvents(
      NO_EVENTS,
      buildDiagnosticMessages([], { generation: 12, digest, changedIngresses }),
      EVENT_TIME,
      "x",
    );
    assert.deepEqual(
      pendingEvents.map(({ event }) => [event.involvedObject.name, event.type, event.reason, event.message]),
      [
        ["cart", "Normal", "Published", "generation 12, digest abcdef123456…"],
        ["front", "Normal", "Published", "generation 12, digest abcdef123456…"],
      ],
    );
  });

  test("An Ingress with an error gets no Published Event, and one with a warning does", () => {
    const changedIngresses = ["shop/cart", "shop/front"];
    const diagnostics = [INVALID_HOST, buildEventDiagnostic("Ingress shop/front", "PathConflict")];
    const published = buildDiagnosticMessages(diagnostics, { generation: 12, digest, changedIngresses }).filter(
      ({ reason }) => reason === "Published",
    );
    assert.deepEqual(
      published.map(({ involvedObject }) => involvedObject.name),
      ["front"],
    );
  });
});
