import * as z from "zod/mini";
import { SubrequestTarget } from "../subrequest-target.ts";
import { defineInternalPolicy } from "./policy.ts";

const Headers = z.array(z.tuple([z.string(), z.string()]));

/** Changes of headers. A name that is set, added and removed is removed, then set, then added. */
const headerChanges = {
  set: z.optional(Headers),
  add: z.optional(Headers),
  remove: z.optional(z.array(z.string())),
};

/** A new path: the whole path, or another text for the prefix that the route has matched. */
export const PathChange = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("full"), path: z.string() }),
  z.strictObject({ type: z.literal("prefix"), match: z.string(), replacement: z.string() }),
]);
export type PathChange = z.infer<typeof PathChange>;

/** Cross-origin resource sharing. Lists are as written in the HTTPRoute. */
export const RouteCors = z.strictObject({
  type: z.literal("cors"),
  origins: z.array(z.string()),
  methods: z.array(z.string()),
  headers: z.array(z.string()),
  expose: z.array(z.string()),
  credentials: z.boolean(),
  maxAge: z.int(), // seconds
});
export type RouteCors = z.infer<typeof RouteCors>;

/** A filter of an HTTPRoute's rule or backend. */
export const RouteFilter = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("request-headers"), ...headerChanges }),
  z.strictObject({ type: z.literal("response-headers"), ...headerChanges }),
  // An undefined part is the request's own. The query is kept.
  z.strictObject({
    type: z.literal("redirect"),
    scheme: z.optional(z.enum(["http", "https"])),
    host: z.optional(z.string()),
    port: z.optional(z.int()),
    path: z.optional(PathChange),
    code: z.int(),
  }),
  z.strictObject({ type: z.literal("rewrite"), host: z.optional(z.string()), path: z.optional(PathChange) }),
  // A copy of `numerator` of `denominator` requests; of all if undefined.
  z.strictObject({
    type: z.literal("mirror"),
    target: SubrequestTarget,
    numerator: z.optional(z.int()),
    denominator: z.optional(z.int()),
  }),
  RouteCors,
  z.strictObject({
    type: z.literal("external-auth"),
    backend: z.string(),
    pathPrefix: z.string(), // before the client's path; "" for none
    requestHeaders: z.array(z.string()), // headers of the client for the service, besides Authorization
    responseHeaders: z.array(z.string()), // headers of the service for the origin; all if empty
    maxBodyBytes: z.int(), // 0: the service gets no body
  }),
  // A filter that cannot be applied. It answers every request, because a filter must not be skipped.
  z.strictObject({ type: z.literal("reject"), status: z.literal(500), reason: z.string() }),
]);
export type RouteFilter = z.infer<typeof RouteFilter>;

export const RouteFiltersSettings = z.strictObject({ filters: z.array(RouteFilter) });

/** Set by the compiler only: the filters of an HTTPRoute's rule, in their order. */
export const routeFilters = /* @__PURE__ */ defineInternalPolicy({
  name: "routeFilters",
  doc: "Applies the filters of an HTTPRoute's rule.",
  settings: RouteFiltersSettings,
});

/** Whether one of the filters redirects, so that the rule needs no backend. */
export function hasRedirect(filters: readonly RouteFilter[]): boolean {
  return filters.some(({ type }) => type === "redirect");
}
