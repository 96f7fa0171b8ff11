import type { Route } from "../snapshot.ts";
import type { PolicySettings } from "./index.ts";
import { findClosure } from "./read-settings.ts";

/** Where requests of a route go. `weight` is undefined for all of them. */
export type RouteTarget =
  | { readonly type: "backend"; readonly backend: string; readonly weight?: number }
  | { readonly type: "status"; readonly status: number; readonly reason: string; readonly weight?: number }
  | { readonly type: "redirect" };

/** Returns the targets of a route: several if requests are shared out by weight. */
export function listTargets(
  { backend, policies }: Pick<Route, "backend" | "policies">,
  hostPolicies: PolicySettings,
): RouteTarget[] {
  const closure = findClosure(policies, hostPolicies);
  if (closure !== undefined) return [toStatus(503, closure)];
  const { routeFilters, weightedBackends, defaultBackend, redirect } = { ...hostPolicies, ...policies };
  const filters = routeFilters?.filters ?? [];
  const rejection = filters.find(({ type }) => type === "reject");
  if (rejection?.type === "reject") return [toStatus(rejection.status, rejection.reason)];
  if (redirect || filters.some(({ type }) => type === "redirect")) return [REDIRECT];
  if (weightedBackends) return listChoices(weightedBackends);
  const target = backend ?? defaultBackend?.backend;
  return [target === undefined ? toStatus(404, "no backend") : toBackend(target)];
}

const REDIRECT: RouteTarget = { type: "redirect" };

function toStatus(status: number, reason: string): RouteTarget {
  return { type: "status", status, reason };
}

function toBackend(backend: string): RouteTarget {
  return { type: "backend", backend };
}

function listChoices({ choices }: NonNullable<PolicySettings["weightedBackends"]>): RouteTarget[] {
  return choices.map(({ backend, status = 500, reason = "", weight }) => ({
    ...(backend === undefined ? toStatus(status, reason) : toBackend(backend)),
    ...(choices.length > 1 && { weight }),
  }));
}

/** Returns "shop/cart:80", "503" or "redirect". */
export function nameTarget(target: RouteTarget): string {
  if (target.type === "redirect") return "redirect";
  return target.type === "backend" ? target.backend : String(target.status);
}

/** Formats a target with its details: "shop/cart:80", "shop/cart:80 (weight 9)", "503 (Service not found: shop/gone)", "redirect". */
export function formatTarget(target: RouteTarget): string {
  const name = nameTarget(target);
  if (target.type === "redirect") return name;
  const details = [
    ...(target.type === "status" ? [target.reason] : []),
    ...(target.weight === undefined ? [] : [`weight ${target.weight}`]),
  ];
  return details.length === 0 ? name : `${name} (${details.join(", ")})`;
}
