import type { Route } from "../rules/snapshot.ts";

/** The part of a request that is too long for a regex, so that it is unknown whether it matches. */
export type TooLongPart = "path" | "header" | "query";

/** A matched route, its position in the rules of its host, and the groups of its regex. */
export interface RouteMatch {
  readonly route: Route;
  readonly position: number;
  readonly groups: readonly (string | undefined)[];
  /** Set if the route may match: the request is rejected, because a later route could lack its guards. */
  readonly tooLongPart?: TooLongPart;
}

export const NO_GROUPS: RouteMatch["groups"] = [];
