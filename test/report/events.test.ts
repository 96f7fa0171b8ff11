import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Diagnostic, Reason } from "../../sync/compile/diagnostics.ts";
import {
  buildEventMessages,
  type EventMessage,
  type ObjectReference,
  type PublishedGeneration,
} from "../../sync/report/event-messages.ts";
import { type Event, type EventHistory, NO_EVENTS, planEvents } from "../../sync/report/events.ts";

const NOW = new Date("2026-03-01T12:00:00.750Z");
const MINUTE_MS = 60_000;

/** Knows every object that has a namespace, except what is called "gone". */
function buildReference(object: string): ObjectReference | undefined {
  const [, kind = "", namespace = "", name = ""] = /^(\w+) (.*)\/(.*)$/.exec(object) ?? [];
  if (name === "gone") return undefined;
  const apiVersion = kind === "Ingress" ? "networking.k8s.io/v1" : "v1";
  return { apiVersion, kind, namespace, name, uid: `uid of ${object}`, resourceVersion: "41" };
}

function buildDiagnostic(object: string, reason: Reason, field = "spec", problem = "it is wrong"): Diagnostic {
  return { object, source: "here", field, reason, problem, remedy: "correct it" };
}

function buildMessages(diagnostics: readonly Diagnostic[], publication?: PublishedGeneration): EventMessage[] {
  return buildEventMessages(diagnostics, publication, buildReference);
}

/** The Events of one round after another: reason and message. */
function runSyncs(...all: readonly (readonly EventMessage[])[]): string[][] {
  let eventHistory: EventHistory = NO_EVENTS;
  return all.map((present, index) => {
    const { pendingEvents, history } = planEvents(eventHistory, present, addMinutes(index), "edgress-0");
    eventHistory = history;
    return pendingEvents.map(({ event }) => `${event.reason}: ${event.message}`);
  });
}

function addMinutes(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

function getOnlyEvent(events: readonly EventMessage[]): Event {
  const [first, ...others] = planEvents(NO_EVENTS, events, NOW, "edgress-0").pendingEvents;
  assert.ok(first && others.length === 0);
  return first.event;
}

const invalidHost = buildDiagnostic("Ingress shop/cart", "InvalidHost", "spec.rules[0].host", 'the host is "a b"');

describe("Events", () => {
  test("tell a diagnostic on the object that it names", () => {
    const { metadata, ...event } = getOnlyEvent(buildMessages([invalidHost]));
    assert.deepEqual(event, {
      involvedObject: {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        namespace: "shop",
        name: "cart",
        uid: "uid of Ingress shop/cart",
        resourceVersion: "41",
      },
      type: "Warning",
      reason: "InvalidHost",
      message: 'spec.rules[0].host: the host is "a b"; correct it',
      firstTimestamp: "2026-03-01T12:00:00Z",
      lastTimestamp: "2026-03-01T12:00:00Z",
      count: 1,
      source: { component: "edgress" },
      reportingComponent: "edgress.dev/ingress-controller",
      reportingInstance: "edgress-0",
    });
    assert.equal(metadata.namespace, "shop");
    assert.match(metadata.name, /^cart\.[0-9a-f]{24}$/);
  });

  test("are warnings for errors and warnings, and normal for notes, the gravest first", () => {
    const ingress = "Ingress shop/cart";
    const diagnostics = [
      buildDiagnostic(ingress, "PartiallySupported"),
      buildDiagnostic(ingress, "PathConflict"),
      buildDiagnostic(ingress, "InvalidPath"),
    ];
    const { pendingEvents } = planEvents(NO_EVENTS, buildMessages(diagnostics), NOW, "edgress-0");
    assert.deepEqual(
      pendingEvents.map(({ event }) => [event.reason, event.type]),
      [
        ["InvalidPath", "Warning"],
        ["PathConflict", "Warning"],
        ["PartiallySupported", "Normal"],
      ],
    );
  });

  test("speak of Services, Secrets and ConfigMaps too, and of nothing without a namespace or that is gone", () => {
    const objects = ["Service a/b", "Secret a/c", "ConfigMap a/d", "IngressClass /edge", "Ingress a/gone"];
    const { pendingEvents } = planEvents(
      NO_EVENTS,
      buildMessages(objects.map((object) => buildDiagnostic(object, "InvalidObject"))),
      NOW,
      "x",
    );
    assert.deepEqual(
      pendingEvents.map(({ event }) => event.involvedObject.kind),
      ["Service", "Secret", "ConfigMap"],
    );
  });

  test("are written when a diagnostic appears, not in every round, and again when it comes back", () => {
    const text = 'InvalidHost: spec.rules[0].host: the host is "a b"; correct it';
    const present = buildMessages([invalidHost]);
    assert.deepEqual(runSyncs(present, present, [], present), [[text], [], [], [text]]);
  });

  test("are written once where two diagnostics say the same", () => {
    assert.deepEqual(runSyncs(buildMessages([invalidHost, { ...invalidHost, source: "there" }])).flat().length, 1);
  });

  test("have the same name for the same matter, and another for any other", () => {
    const name = (diagnostics: readonly Diagnostic[]) => getOnlyEvent(buildMessages(diagnostics)).metadata.name;
    assert.equal(name([invalidHost]), name([invalidHost]));
    const others = [
      { ...invalidHost, problem: "another" },
      { ...invalidHost, reason: "InvalidPath" as const },
      { ...invalidHost, object: "Service shop/cart" },
    ];
    assert.equal(new Set([[invalidHost], ...others.map((other) => [other])].map(name)).size, 4);
  });

  test("have a name that is a DNS subdomain however long the object's is", () => {
    const object = `Ingress shop/${"a".repeat(227)}.${"b".repeat(25)}`;
    const { name } = getOnlyEvent(buildMessages([{ ...invalidHost, object }])).metadata;
    assert.match(name, /^a{227}\.[0-9a-f]{24}$/);
  });

  test("have a message of one line and at most 1,024 bytes, with no character halved", () => {
    const { message } = getOnlyEvent(buildMessages([{ ...invalidHost, problem: `a\n\tb\u001b${"é".repeat(2000)}` }]));
    assert.match(message, /^spec\.rules\[0\]\.host: a b é+…$/u);
    assert.ok(Buffer.byteLength(message) <= 1024 && Buffer.byteLength(message) > 1020);
  });
});

describe("a flapping object", () => {
  const generations = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      buildMessages([], { generation: from + index, digest: "abc", changedIngresses: ["shop/cart"] }),
    );

  test("has 25 Events, then one every five minutes, and costs no other object its own", () => {
    const last = buildMessages([], { generation: 99, digest: "abc", changedIngresses: ["shop/cart", "shop/front"] });
    let eventHistory: EventHistory = NO_EVENTS;
    const listWrittenObjects = (present: readonly EventMessage[], minutes: number) => {
      const { pendingEvents, history } = planEvents(eventHistory, present, addMinutes(minutes), "edgress-0");
      eventHistory = history;
      return pendingEvents.map(({ event }) => event.involvedObject.name);
    };
    assert.equal(generations(0, 30).flatMap((present) => listWrittenObjects(present, 0)).length, 25);
    assert.deepEqual(listWrittenObjects(last, 4), ["front"]);
    assert.deepEqual(listWrittenObjects(last, 5), ["cart"]);
  });

  test("is told later what still stands then", () => {
    const many = buildMessages(
      Array.from({ length: 26 }, (_, index) =>
        buildDiagnostic("Ingress shop/cart", "InvalidPath", `spec.rules[0].http.paths[${index}]`),
      ),
    );
    const counts = runSyncs(many, many, many, many, many, many, many).map(({ length }) => length);
    assert.deepEqual(counts, [25, 0, 0, 0, 0, 1, 0]);
  });

  test("is forgotten once it has been quiet", () => {
    const { history } = planEvents(NO_EVENTS, buildMessages([invalidHost]), NOW, "x");
    assert.equal(history.buckets.size, 1);
    assert.deepEqual(planEvents(history, [], addMinutes(5), "x").history, {
      messages: [],
      keys: new Set(),
      buckets: new Map(),
    });
  });
});

describe("a publication", () => {
  const digest = "abcdef1234567890abcdef1234567890";

  test("is told to each Ingress whose rules changed", () => {
    const changedIngresses = ["shop/cart", "shop/front", "shop/gone"];
    const { pendingEvents } = planEvents(
      NO_EVENTS,
      buildMessages([], { generation: 12, digest, changedIngresses }),
      NOW,
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

  test("is not told to an Ingress with an error, and is to one with a warning", () => {
    const changedIngresses = ["shop/cart", "shop/front"];
    const diagnostics = [invalidHost, buildDiagnostic("Ingress shop/front", "PathConflict")];
    const published = buildMessages(diagnostics, { generation: 12, digest, changedIngresses }).filter(
      ({ reason }) => reason === "Published",
    );
    assert.deepEqual(
      published.map(({ involvedObject }) => involvedObject.name),
      ["front"],
    );
  });
});
