import { parsed } from "../../src/rules/parsed.ts";
import { canary } from "../../src/rules/policies/canary.ts";
import type { PolicySettings, SettingsOf } from "../../src/rules/policies/index.ts";
import type { Backend } from "../../src/rules/snapshot.ts";
import { type Asked, type Claim, protocolOf, subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import type { HostPlan } from "./grant.ts";
import type { Lookups } from "./lookups.ts";
import { placeOf } from "./place.ts";
import { nameOf } from "./select.ts";

/** The canary that takes part of a route's requests, by the id of the route. */
export type Canaries = ReadonlyMap<string, Claim>;

/** Whether an Ingress is a canary. It owns no host, no certificate and no path: it has a share in another's. */
export function isCanary({ owner }: Asked): boolean {
  return owner.read.values.canary.canary === true;
}

/**
 * Finds the route of each canary's path: the same host, path and type, in the same namespace. Of several canaries the oldest
 * has it. What finds none takes no requests, and is told.
 */
export function canariesOf(asked: readonly Asked[], plans: readonly HostPlan[], report: Report): Canaries {
  if (asked.length === 0) return new Map();
  const routes = new Map(plans.flatMap(({ claims }) => claims.map((claim) => [claim.route, claim] as const)));
  const taken = new Map<string, Claim>();
  for (const { owner } of asked) {
    if (!owner.ingress.defaultBackend) continue;
    const problem = "the default backend of a canary takes no requests: a canary has a share in paths only";
    report("CanaryUnused", subjectOf(owner.ingress, "spec.defaultBackend"), problem, "write it as a path");
  }
  for (const claim of asked.flatMap(({ claims }) => claims)) {
    const problem = problemOf(claim, routes.get(claim.route), taken);
    if (problem === undefined) taken.set(routes.get(claim.route)?.id ?? "", claim);
    else report("CanaryUnused", claim.subject, problem, "correct it, or remove it; until then it takes no requests");
  }
  return taken;
}

function problemOf(claim: Claim, primary: Claim | undefined, taken: Canaries): string | undefined {
  const { namespace } = claim.owner.ingress;
  const what = `${claim.type} path ${claim.path} of ${claim.host === "*" ? "any host" : `host ${claim.host}`}`;
  if (!primary) return `no Ingress has the ${what}, of which it would be the canary`;
  if (primary.owner.ingress.namespace !== namespace) {
    return `the ${what} belongs to Ingress ${nameOf(primary.owner.ingress)}, which is in another namespace`;
  }
  const other = taken.get(primary.id);
  if (other) return `the ${what} has a canary already, Ingress ${nameOf(other.owner.ingress)}`;
  const { closedBy } = claim.owner.read;
  return closedBy === undefined ? undefined : `${closedBy} cannot be read`;
}

/** The settings of a route with those of its canary: which backend that is, and how clients stay with one of the two. */
export function withCanary(
  settings: PolicySettings,
  primary: Claim,
  lookups: Lookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const claim = lookups.lookUp("canary", primary.id);
  if (!claim?.backend || !primary.backend) return settings;
  // A canary is spoken to as its primary is.
  const resolve = (backend: NonNullable<Claim["backend"]>) =>
    lookups.resolve(claim.owner.ingress.namespace, backend, protocolOf(primary.owner));
  const [own, other] = [resolve(primary.backend), resolve(claim.backend)];
  const subject = { ...claim.subject, field: `${claim.subject.field}.backend` };
  for (const note of other.notes) {
    report(note.reason, note.subject ?? subject, note.problem, note.remedy);
  }
  if (!other.ok || !own.ok) return settings;
  if (own.id === other.id) {
    report("CanaryUnused", subject, `it leads where its primary does, to ${own.id}`, "name another Service");
    return settings;
  }
  backends.set(other.id, other.backend);
  const place = { ...placeOf(claim, false, lookups, backends, [], report), backend: () => parsed(other.id) };
  const ownSettings = canary.fromAnnotations(claim.owner.read.values.canary, place);
  return ownSettings ? sharing(settings, ownSettings, claim) : settings;
}

/** A client's cookie says which of the two it stays with, unless the canary asked for affinity to be none of its business. */
function sharing(settings: PolicySettings, own: SettingsOf<"canary">, { owner }: Claim): PolicySettings {
  const { affinity } = settings;
  if (!affinity) return { ...settings, canary: own };
  const sticky = owner.read.values.affinity["affinity-canary-behavior"] !== "legacy";
  const shared = sticky ? affinity : { ...affinity, except: own.backend };
  return { ...settings, affinity: shared, canary: { ...own, affinity: { cookie: affinity.cookie, sticky } } };
}
