import type { Route } from "../rules/snapshot.ts";

/** A matched route, its position in the rules of its host, and the groups of its regex. */
export interface RouteMatch {
  readonly route: Route;
  readonly position: number;
  readonly groups: readonly (string | undefined)[];
  /** Whether the path is too long for the regex, so that it is unknown whether it matches. */
  readonly isTooLong?: true;
}
