import * as z from "zod";
import { optionalField, optionalList } from "../schema-fields.ts";
import {
  backendReference,
  gatewayMetadata,
  hostname,
  limitedList,
  parentReference,
  sectionName,
  withDefault,
} from "./gateway-fields.ts";
import { httpRouteFilter } from "./http-route-filter-schema.ts";
import type { HttpRouteMatch, HttpRouteRule, ParentReference } from "./http-route-model.ts";

// Types, defaults and numbers of items. Values that the API server would refuse are found by list-unsupported-fields.ts.

const MAX_MATCHES_OF_ROUTE = 128;

const valueMatches = limitedList(
  z.object({ type: withDefault(z.string(), "Exact"), name: z.string().min(1).max(256), value: z.string() }),
  16,
);

const ROOT = { type: "PathPrefix", value: "/" };

const path = z
  .object({ type: withDefault(z.string(), ROOT.type), value: withDefault(z.string().max(1024), ROOT.value) })
  .nullish()
  .transform((match) => match ?? ROOT);

const match = z
  .object({ path, method: optionalField(z.string()), headers: valueMatches, queryParams: valueMatches })
  .transform((parts): HttpRouteMatch => parts);

const MATCH_ALL: HttpRouteMatch = { path: ROOT, method: undefined, headers: [], queryParams: [] };

const filters = limitedList(httpRouteFilter, 16);

const backendRef = backendReference.extend({ weight: withDefault(z.int(), 1), filters });

const timeouts = z
  .object({ request: optionalField(z.string()), backendRequest: optionalField(z.string()) })
  .nullish()
  .transform((given) => ({ request: given?.request, backendRequest: given?.backendRequest }));

const retry = z.object({
  codes: optionalList(z.int()),
  attempts: optionalField(z.int()),
  backoff: optionalField(z.string()),
});

const sessionPersistence = z
  .object({
    sessionName: optionalField(z.string().max(128)),
    type: withDefault(z.string(), "Cookie"),
    absoluteTimeout: optionalField(z.string()),
    idleTimeout: optionalField(z.string()),
    cookieConfig: optionalField(z.object({ lifetimeType: withDefault(z.string(), "Session") })),
  })
  .transform(({ cookieConfig, ...rest }) => ({ ...rest, lifetimeType: cookieConfig?.lifetimeType ?? "Session" }));

const rule = z
  .object({
    name: optionalField(sectionName),
    matches: limitedList(match, 64).transform((matches) => (matches.length > 0 ? matches : [MATCH_ALL])),
    filters,
    backendRefs: limitedList(backendRef, 16),
    timeouts,
    retry: optionalField(retry),
    sessionPersistence: optionalField(sessionPersistence),
  })
  .transform((parts): HttpRouteRule => parts);

const DEFAULT_RULE: HttpRouteRule = rule.parse({});

const rules = limitedList(rule, 16)
  .refine((items) => items.reduce((sum, { matches }) => sum + matches.length, 0) <= MAX_MATCHES_OF_ROUTE, {
    error: `expected up to ${MAX_MATCHES_OF_ROUTE} matches in all rules`,
  })
  .transform((items) => (items.length > 0 ? items : [DEFAULT_RULE]));

const parentRefs = limitedList(parentReference, 32).superRefine((references, issues) => {
  const seen = new Set<string>();
  references.forEach(({ group, kind, namespace, name, sectionName: section, port }, index) => {
    const key = JSON.stringify([group, kind, namespace, name, section, port]);
    if (seen.has(key)) issues.addIssue({ code: "custom", path: [index], message: describeRepeatedParent(name) });
    seen.add(key);
  });
});

function describeRepeatedParent(name: ParentReference["name"]): string {
  return `expected one reference to ${name}, or references that differ in sectionName or port`;
}

/** An HTTPRoute of gateway.networking.k8s.io/v1 or v1beta1. */
export const HttpRouteObject = z.object({
  metadata: gatewayMetadata,
  spec: z
    .object({ parentRefs, hostnames: limitedList(hostname, 16), rules })
    .nullish()
    .transform((spec) => spec ?? { parentRefs: [], hostnames: [], rules: [DEFAULT_RULE] }),
});
