import type { HttpRouteMatch, HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";
import type { ListenerScheme } from "../gateway-compilation.ts";

/** The part of a claim that only HTTPRoutes have. */
export interface HttpRouteClaim {
  readonly rule: HttpRouteRule;
  readonly ruleIndex: number;
  readonly match: HttpRouteMatch;
  /** The scheme of the listeners that take the route. Undefined for both. */
  readonly scheme: ListenerScheme | undefined;
  /** Equal for claims whose conditions beyond the path are equal. "" for none. */
  readonly conditionKey: string;
  /** Why requests get 500: a field that cannot be applied. The rule is not left out, because another could answer. */
  readonly rejection: string | undefined;
  /** Bytes of the rule's settings and of the conditions, about. */
  readonly bytes: number;
}
