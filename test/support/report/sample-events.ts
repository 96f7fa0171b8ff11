import assert from "node:assert/strict";
import type { Reason } from "../../../sync/compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../../sync/compile/diagnostics.ts";
import {
  buildEventMessages,
  type EventMessage,
  type GenerationMark,
  type ObjectReference,
} from "../../../sync/report/event-messages.ts";
import { type Event, type EventHistory, NO_EVENTS, planEvents } from "../../../sync/report/events.ts";

export const EVENT_TIME = new Date("2026-03-01T12:00:00.750Z");
const MINUTE_MS = 60_000;

/** Returns a reference for every object with a namespace, except those with the name "gone". */
function buildObjectReference(object: string): ObjectReference | undefined {
  const [, kind = "", namespace = "", name = ""] = /^(\w+) (.*)\/(.*)$/.exec(object) ?? [];
  if (name === "gone") return undefined;
  const apiVersion = kind === "Ingress" ? "networking.k8s.io/v1" : "v1";
  return { apiVersion, kind, namespace, name, uid: `uid of ${object}`, resourceVersion: "41" };
}

export function buildEventDiagnostic(
  object: string,
  reason: Reason,
  field = "spec",
  problem = "it is wrong",
): Diagnostic {
  return { object, source: "here", field, reason, problem, remedy: "correct it" };
}

interface PublishedSample extends GenerationMark {
  readonly changedIngresses: readonly string[];
}

export function buildDiagnosticMessages(
  diagnostics: readonly Diagnostic[],
  publication: PublishedSample = { generation: 0, digest: "", changedIngresses: [] },
): EventMessage[] {
  const { changedIngresses, ...published } = publication;
  const publications = new Map(changedIngresses.map((name) => [name, published]));
  return buildEventMessages(diagnostics, publications, buildObjectReference);
}

/** Returns the reason and message of the Events of each sync. */
export function runEventSyncs(...all: readonly (readonly EventMessage[])[]): string[][] {
  let eventHistory: EventHistory = NO_EVENTS;
  return all.map((present, index) => {
    const { pendingEvents, history } = planEvents(eventHistory, present, addEventMinutes(index), "edgress-0");
    eventHistory = history;
    return pendingEvents.map(({ event }) => `${event.reason}: ${event.message}`);
  });
}

export function addEventMinutes(minutes: number): Date {
  return new Date(EVENT_TIME.getTime() + minutes * MINUTE_MS);
}

export function getOnlyEvent(events: readonly EventMessage[]): Event {
  const [first, ...others] = planEvents(NO_EVENTS, events, EVENT_TIME, "edgress-0").pendingEvents;
  assert.ok(first && others.length === 0);
  return first.event;
}

export const INVALID_HOST = buildEventDiagnostic(
  "Ingress shop/cart",
  "InvalidHost",
  "spec.rules[0].host",
  'the host is "a b"',
);
