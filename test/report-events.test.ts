import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Diagnostic, Reason } from "../sync/compile/diagnostic.ts";
import { type Event, eventsOf, NOTHING_TOLD, type Told } from "../sync/report/events.ts";
import { type Involved, type Notice, noticesOf, type Publication } from "../sync/report/notices.ts";

const NOW = new Date("2026-03-01T12:00:00.750Z");
const MINUTE_MS = 60_000;

/** Knows every object that has a namespace, except what is called "gone". */
function involvedOf(object: string): Involved | undefined {
  const [, kind = "", namespace = "", name = ""] = /^(\w+) (.*)\/(.*)$/.exec(object) ?? [];
  if (name === "gone") return undefined;
  const apiVersion = kind === "Ingress" ? "networking.k8s.io/v1" : "v1";
  return { apiVersion, kind, namespace, name, uid: `uid of ${object}`, resourceVersion: "41" };
}

function diagnostic(object: string, reason: Reason, field = "spec", problem = "it is wrong"): Diagnostic {
  return { object, source: "here", field, reason, problem, remedy: "correct it" };
}

function notices(diagnostics: readonly Diagnostic[], publication?: Publication): Notice[] {
  return noticesOf(diagnostics, publication, involvedOf);
}

/** The Events of one round after another: reason and message. */
function rounds(...all: readonly (readonly Notice[])[]): string[][] {
  let told: Told = NOTHING_TOLD;
  return all.map((present, index) => {
    const { due, after } = eventsOf(told, present, minutesLater(index), "edgress-0");
    told = after;
    return due.map(({ event }) => `${event.reason}: ${event.message}`);
  });
}

function minutesLater(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

function only(events: readonly Notice[]): Event {
  const [first, ...others] = eventsOf(NOTHING_TOLD, events, NOW, "edgress-0").due;
  assert.ok(first && others.length === 0);
  return first.event;
}

const wrongHost = diagnostic("Ingress shop/cart", "HostInvalid", "spec.rules[0].host", 'the host is "a b"');

describe("Events", () => {
  test("tell a diagnostic on the object that it names", () => {
    const { metadata, ...event } = only(notices([wrongHost]));
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
      reason: "HostInvalid",
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
    const all = [diagnostic(ingress, "DoesLess"), diagnostic(ingress, "PathTaken"), diagnostic(ingress, "PathInvalid")];
    const { due } = eventsOf(NOTHING_TOLD, notices(all), NOW, "edgress-0");
    assert.deepEqual(
      due.map(({ event }) => [event.reason, event.type]),
      [
        ["PathInvalid", "Warning"],
        ["PathTaken", "Warning"],
        ["DoesLess", "Normal"],
      ],
    );
  });

  test("speak of Services, Secrets and ConfigMaps too, and of nothing without a namespace or that is gone", () => {
    const objects = ["Service a/b", "Secret a/c", "ConfigMap a/d", "IngressClass /edge", "Ingress a/gone"];
    const { due } = eventsOf(NOTHING_TOLD, notices(objects.map((object) => diagnostic(object, "Malformed"))), NOW, "x");
    assert.deepEqual(
      due.map(({ event }) => event.involvedObject.kind),
      ["Service", "Secret", "ConfigMap"],
    );
  });

  test("are written when a diagnostic appears, not in every round, and again when it comes back", () => {
    const text = 'HostInvalid: spec.rules[0].host: the host is "a b"; correct it';
    const present = notices([wrongHost]);
    assert.deepEqual(rounds(present, present, [], present), [[text], [], [], [text]]);
  });

  test("are written once where two diagnostics say the same", () => {
    assert.deepEqual(rounds(notices([wrongHost, { ...wrongHost, source: "there" }])).flat().length, 1);
  });

  test("have the same name for the same matter, and another for any other", () => {
    const name = (diagnostics: readonly Diagnostic[]) => only(notices(diagnostics)).metadata.name;
    assert.equal(name([wrongHost]), name([wrongHost]));
    const others = [
      { ...wrongHost, problem: "another" },
      { ...wrongHost, reason: "PathInvalid" as const },
      { ...wrongHost, object: "Service shop/cart" },
    ];
    assert.equal(new Set([[wrongHost], ...others.map((other) => [other])].map(name)).size, 4);
  });

  test("have a name that is a DNS subdomain however long the object's is", () => {
    const object = `Ingress shop/${"a".repeat(227)}.${"b".repeat(25)}`;
    const { name } = only(notices([{ ...wrongHost, object }])).metadata;
    assert.match(name, /^a{227}\.[0-9a-f]{24}$/);
  });

  test("have a message of one line and at most 1,024 bytes, with no character halved", () => {
    const { message } = only(notices([{ ...wrongHost, problem: `a\n\tb\u001b${"é".repeat(2000)}` }]));
    assert.match(message, /^spec\.rules\[0\]\.host: a b é+…$/u);
    assert.ok(Buffer.byteLength(message) <= 1024 && Buffer.byteLength(message) > 1020);
  });
});

describe("a flapping object", () => {
  const generations = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      notices([], { generation: from + index, digest: "abc", changed: ["shop/cart"] }),
    );

  test("has 25 Events, then one every five minutes, and costs no other object its own", () => {
    const last = notices([], { generation: 99, digest: "abc", changed: ["shop/cart", "shop/front"] });
    let told: Told = NOTHING_TOLD;
    const written = (present: readonly Notice[], minutes: number) => {
      const { due, after } = eventsOf(told, present, minutesLater(minutes), "edgress-0");
      told = after;
      return due.map(({ event }) => event.involvedObject.name);
    };
    assert.equal(generations(0, 30).flatMap((present) => written(present, 0)).length, 25);
    assert.deepEqual(written(last, 4), ["front"]);
    assert.deepEqual(written(last, 5), ["cart"]);
  });

  test("is told later what still stands then", () => {
    const many = notices(
      Array.from({ length: 26 }, (_, index) =>
        diagnostic("Ingress shop/cart", "PathInvalid", `spec.rules[0].http.paths[${index}]`),
      ),
    );
    const counts = rounds(many, many, many, many, many, many, many).map(({ length }) => length);
    assert.deepEqual(counts, [25, 0, 0, 0, 0, 1, 0]);
  });

  test("is forgotten once it has been quiet", () => {
    const { after } = eventsOf(NOTHING_TOLD, notices([wrongHost]), NOW, "x");
    assert.equal(after.buckets.size, 1);
    assert.deepEqual(eventsOf(after, [], minutesLater(5), "x").after, {
      notices: [],
      keys: new Set(),
      buckets: new Map(),
    });
  });
});

describe("a publication", () => {
  const digest = "abcdef1234567890abcdef1234567890";

  test("is told to each Ingress whose rules changed", () => {
    const changed = ["shop/cart", "shop/front", "shop/gone"];
    const { due } = eventsOf(NOTHING_TOLD, notices([], { generation: 12, digest, changed }), NOW, "x");
    assert.deepEqual(
      due.map(({ event }) => [event.involvedObject.name, event.type, event.reason, event.message]),
      [
        ["cart", "Normal", "Published", "generation 12, digest abcdef123456…"],
        ["front", "Normal", "Published", "generation 12, digest abcdef123456…"],
      ],
    );
  });

  test("is not told to an Ingress with an error, and is to one with a warning", () => {
    const changed = ["shop/cart", "shop/front"];
    const all = [wrongHost, diagnostic("Ingress shop/front", "PathTaken")];
    const published = notices(all, { generation: 12, digest, changed }).filter(({ reason }) => reason === "Published");
    assert.deepEqual(
      published.map(({ involved }) => involved.name),
      ["front"],
    );
  });
});
