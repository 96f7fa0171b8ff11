import { isEdgeHeader } from "../../rules/edge-headers.ts";
import type { SettingsOf } from "../../rules/policies/index.ts";

/** Returns the response headers of the authentication service for the origin, without those that only the edge may set. */
export function listServiceHeaders(external: SettingsOf<"authorization">["external"]): readonly string[] {
  return external?.responseHeaders.filter((name) => !isEdgeHeader(name)) ?? [];
}

/** Returns the headers that the origin never gets from the client: the password, and copies of the service's headers. */
export function listWithheldHeaders({ basic, external }: SettingsOf<"authorization">): readonly string[] {
  return [...(basic ? ["Authorization"] : []), ...listServiceHeaders(external)];
}
