import type { Place } from "../../src/rules/policies/define.ts";
import { type PolicyName, type PolicySettings, policies } from "../../src/rules/policies/index.ts";
import type { Claim, Owner } from "./claims.ts";

/** The settings of a claim's route. A guard that could not be read closes it. */
export function routePolicies(claim: Claim, tls: boolean): PolicySettings {
  const place: Place = { host: claim.host, path: claim.path, tls, isLegacy: claim.owner.read.isLegacy };
  const closedBy = claim.owner.read.closedBy;
  const settings = settingsOf("route", claim.owner, place, claim.without);
  return closedBy === undefined ? settings : { ...settings, closed: { because: `${closedBy} cannot be read` } };
}

/** The settings of a host: of each policy, those of the oldest Ingress that has any. */
export function hostPolicies(host: string, owners: readonly Owner[], tls: boolean): PolicySettings {
  const each = owners.map((owner) =>
    settingsOf("host", owner, { host, path: "", tls, isLegacy: owner.read.isLegacy }, []),
  );
  return Object.assign({}, ...each.toReversed()) as PolicySettings;
}

function settingsOf(
  scope: "host" | "route",
  owner: Owner,
  place: Place,
  without: readonly PolicyName[],
): PolicySettings {
  const asked = policies
    .filter((policy) => policy.scope === scope && !without.includes(policy.name))
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
