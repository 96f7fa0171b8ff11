import { nameOf } from "../../collect/cluster-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { createMemo, type Memo } from "../../incremental/memo.ts";
import { createNameMemo, type NameMemo } from "../../incremental/name-memo.ts";
import type { ClusterIndex } from "../backends/cluster-index.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { createGatewayCache, type GatewayCache } from "./gateway-cache.ts";
import type { GatewayStatuses, HttpsListener, RouteRuleProblem } from "./gateway-compilation.ts";
import { createGatewayClaimsMemo, type GatewayClaimsMemo } from "./rules/gateway-claims.ts";

/** Results of earlier compilations for Gateway API objects. */
export interface GatewayMemos {
  readonly reading: GatewayCache;
  readonly claims: GatewayClaimsMemo;
  readonly routeProblems: NameMemo<HttpRoute, ClusterIndex, RouteProblems>;
  readonly statuses: Memo<GatewayStatuses>;
  readonly diagnostics: Memo<readonly Diagnostic[]>;
  readonly httpsListeners: Memo<readonly HttpsListener[]>;
}

/** What the rules of an HTTPRoute lack. */
interface RouteProblems {
  readonly name: string; // "namespace/name"
  readonly problems: readonly RouteRuleProblem[];
}

export function createGatewayMemos(): GatewayMemos {
  return {
    reading: createGatewayCache(),
    claims: createGatewayClaimsMemo(),
    routeProblems: createNameMemo(
      (route: HttpRoute) => nameOf(route),
      (route) => [route],
    ),
    statuses: createMemo(),
    diagnostics: createMemo(),
    httpsListeners: createMemo(),
  };
}
