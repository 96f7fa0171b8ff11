import { allPolicies } from "../../src/rules/policies/all.ts";
import type { Place } from "../../src/rules/policies/define.ts";
import type { PolicyName, PolicySettings } from "../../src/rules/policies/index.ts";
import type { Backend } from "../../src/rules/snapshot.ts";
import { type Claim, type Owner, subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import type { HostPlan } from "./grant.ts";
import type { Lookups } from "./lookups.ts";
import { placeOf } from "./place.ts";
import { nameOf } from "./select.ts";

/** The settings of a claim's route. A guard that could not be read closes it. Backends that policies use go into `backends`. */
export function routePolicies(
  claim: Claim,
  tls: boolean,
  lookups: Lookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const closing = claim.owner.read.closedBy === undefined ? [] : [`${claim.owner.read.closedBy} cannot be read`];
  const place = placeOf(claim, tls, lookups, backends, closing, report);
  const settings = { ...guardsOf(claim, place), ...settingsOf("route", claim.owner, place, claim.without) };
  const [because] = closing;
  return because === undefined ? settings : { ...settings, closed: { because } };
}

/** What protects a host, for the paths of who may have but part of it: it says nothing of the host, and is not to be lost. */
function guardsOf({ owner, within }: Claim, place: Place): PolicySettings {
  if (!within) return {};
  const { clientCertificate } = settingsOf("host", owner, place, []);
  return clientCertificate ? { clientCertificate } : {};
}

/** The settings of a host: of each policy, those of the oldest Ingress that has any. A closed host has no others. */
export function hostPolicies(
  { host, owners }: HostPlan,
  tls: boolean,
  lookups: Lookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const each = owners.map((owner) => {
    const closing: string[] = [];
    const place = placeOf(
      { id: "", owner, host, path: "/", backend: undefined },
      tls,
      lookups,
      backends,
      closing,
      report,
    );
    const settings = settingsOf("host", owner, place, []);
    return { owner, settings, because: closing[0] };
  });
  const closer = each.find(({ because }) => because !== undefined);
  if (closer?.because === undefined) return Object.assign({}, ...each.map(({ settings }) => settings).toReversed());
  for (const { owner, because } of each) {
    if (because === undefined) reportClosedHost(owner, host, closer.owner, closer.because, report);
  }
  return { closed: { because: closer.because } };
}

/** Tells an Ingress that its paths of a host are closed for what another asks for the whole host. */
function reportClosedHost({ ingress }: Owner, host: string, closer: Owner, because: string, report: Report): void {
  const problem = `Ingress ${nameOf(closer.ingress)} closes the whole host ${host}: ${because}`;
  report("RouteClosed", subjectOf(ingress, "spec.rules"), problem, "correct that one, or give this one another host");
}

function settingsOf(
  scope: "host" | "route",
  owner: Owner,
  place: Place,
  without: readonly PolicyName[],
): PolicySettings {
  const asked = allPolicies
    .filter((policy) => policy.scope === scope && !without.some((name) => name === policy.name))
    .map((policy) => {
      // The cast: each policy takes the values of its own table, which were read from that very table.
      const fromAnnotations = policy.fromAnnotations as (
        values: Readonly<Record<string, unknown>>,
        place: Place,
      ) => unknown;
      return [policy.name, fromAnnotations(owner.read.values[policy.name], place)];
    });
  return Object.fromEntries(asked.filter(([, settings]) => settings !== undefined)) as PolicySettings;
}
