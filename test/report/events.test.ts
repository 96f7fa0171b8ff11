import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Diagnostic } from "../../sync/compile/diagnostics.ts";
import { NO_EVENTS, planEvents } from "../../sync/report/events.ts";
import {
  buildDiagnosticMessages,
  buildEventDiagnostic,
  EVENT_TIME,
  getOnlyEvent,
  INVALID_HOST,
  runEventSyncs,
} from "../support/report/sample-events.ts";

describe("Events", () => {
  test("An Event reports a diagnostic on its object", () => {
    const { metadata, ...event } = getOnlyEvent(buildDiagnosticMessages([INVALID_HOST]));
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

  test("Events of errors and warnings are warnings, those of notes are normal, and errors come first", () => {
    const ingress = "Ingress shop/cart";
    const diagnostics = [
      buildEventDiagnostic(ingress, "PartiallySupported"),
      buildEventDiagnostic(ingress, "PathConflict"),
      buildEventDiagnostic(ingress, "InvalidPath"),
    ];
    const { pendingEvents } = planEvents(NO_EVENTS, buildDiagnosticMessages(diagnostics), EVENT_TIME, "edgress-0");
    assert.deepEqual(
      pendingEvents.map(({ event }) => [event.reason, event.type]),
      [
        ["InvalidPath", "Warning"],
        ["PathConflict", "Warning"],
        ["PartiallySupported", "Normal"],
      ],
    );
  });

  test("Services, Secrets and ConfigMaps get Events, and objects without a namespace or that are gone do not", () => {
    const objects = ["Service a/b", "Secret a/c", "ConfigMap a/d", "IngressClass /edge", "Ingress a/gone"];
    const { pendingEvents } = planEvents(
      NO_EVENTS,
      buildDiagnosticMessages(objects.map((object) => buildEventDiagnostic(object, "InvalidObject"))),
      EVENT_TIME,
      "x",
    );
    assert.deepEqual(
      pendingEvents.map(({ event }) => event.involvedObject.kind),
      ["Service", "Secret", "ConfigMap"],
    );
  });

  test("An Event is written when a diagnostic appears or returns, not at every sync", () => {
    const text = 'InvalidHost: spec.rules[0].host: the host is "a b"; correct it';
    const present = buildDiagnosticMessages([INVALID_HOST]);
    assert.deepEqual(runEventSyncs(present, present, [], present), [[text], [], [], [text]]);
  });

  test("Two diagnostics with the same text cause one Event", () => {
    assert.deepEqual(
      runEventSyncs(buildDiagnosticMessages([INVALID_HOST, { ...INVALID_HOST, source: "there" }])).flat().length,
      1,
    );
  });

  test("An Event has the same name for the same diagnostic, and another for any other", () => {
    const name = (diagnostics: readonly Diagnostic[]) =>
      getOnlyEvent(buildDiagnosticMessages(diagnostics)).metadata.name;
    assert.equal(name([INVALID_HOST]), name([INVALID_HOST]));
    const others = [
      { ...INVALID_HOST, problem: "another" },
      { ...INVALID_HOST, reason: "InvalidPath" as const },
      { ...INVALID_HOST, object: "Service shop/cart" },
    ];
    assert.equal(new Set([[INVALID_HOST], ...others.map((other) => [other])].map(name)).size, 4);
  });

  test("The name of an Event is a DNS subdomain for an object name of any length", () => {
    const object = `Ingress shop/${"a".repeat(227)}.${"b".repeat(25)}`;
    const { name } = getOnlyEvent(buildDiagnosticMessages([{ ...INVALID_HOST, object }])).metadata;
    assert.match(name, /^a{227}\.[0-9a-f]{24}$/);
  });

  test("The message of an Event has one line and up to 1,024 bytes, and splits no character", () => {
    const { message } = getOnlyEvent(
      buildDiagnosticMessages([{ ...INVALID_HOST, problem: `a\n\tb\u001b${"é".repeat(2000)}` }]),
    );
    assert.match(message, /^spec\.rules\[0\]\.host: a b é+…$/u);
    assert.ok(Buffer.byteLength(message) <= 1024 && Buffer.byteLength(message) > 1020);
  });
});
