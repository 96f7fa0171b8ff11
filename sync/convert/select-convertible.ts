import { nameOf } from "../collect/cluster-model.ts";
import type { ConvertedPath, ConvertibleIngress, IngressProblem } from "./convertible-ingress.ts";

/** The Ingresses that can be converted, and why the others stay as they are. */
export interface ConvertibleIngresses {
  readonly convertible: readonly ConvertibleIngress[];
  readonly kept: ReadonlyMap<ConvertibleIngress, readonly IngressProblem[]>;
  /** The canary of a path of a primary Ingress. */
  readonly findCanary: (primary: ConvertibleIngress, host: string, path: ConvertedPath) => Canary | undefined;
}

export interface Canary {
  readonly ingress: ConvertibleIngress;
  readonly path: ConvertedPath;
}

/** Selects the Ingresses to convert. All Ingresses of a host stay together. */
export function selectConvertible(all: readonly ConvertibleIngress[]): ConvertibleIngresses {
  const kept = new Map(all.filter(({ problems }) => problems.length > 0).map((entry) => [entry, entry.problems]));
  const canaries = all.filter(({ isCanary }) => isCanary);
  const findCanary = createCanaryLookup(canaries);
  const keep = (entry: ConvertibleIngress, problem: string) => kept.set(entry, [{ field: "spec", problem }]);
  for (let size = -1; size !== kept.size; ) {
    size = kept.size;
    for (const entry of all) {
      if (kept.has(entry)) continue;
      const partner = listPartners(entry, all, findCanary).find((other) => kept.has(other));
      const keptHost = findKeptHost(entry, kept);
      if (partner) keep(entry, `Ingress ${nameOf(partner.ingress)} of the same canary is not converted`);
      else if (keptHost) keep(entry, `another Ingress of host ${keptHost} is not converted`);
    }
  }
  return { convertible: all.filter((entry) => !kept.has(entry)), kept, findCanary };
}

function createCanaryLookup(canaries: readonly ConvertibleIngress[]): ConvertibleIngresses["findCanary"] {
  return (primary, host, { match }) => {
    if (primary.isCanary) return undefined;
    for (const ingress of canaries) {
      if (ingress.ingress.namespace !== primary.ingress.namespace) continue;
      const path = ingress.pathsByHost.get(host)?.find((entry) => isSamePath(entry, match.path));
      if (path) return { ingress, path };
    }
    return undefined;
  };
}

function isSamePath({ match }: ConvertedPath, { type, value }: ConvertedPath["match"]["path"]): boolean {
  return match.path.type === type && match.path.value === value;
}

/** Returns the canaries of a primary Ingress, or the primaries of a canary. */
function listPartners(
  entry: ConvertibleIngress,
  all: readonly ConvertibleIngress[],
  findCanary: ConvertibleIngresses["findCanary"],
): readonly ConvertibleIngress[] {
  const listCanaries = (primary: ConvertibleIngress) =>
    [...primary.pathsByHost].flatMap(([host, paths]) =>
      paths.flatMap((path) => findCanary(primary, host, path)?.ingress ?? []),
    );
  return entry.isCanary ? all.filter((primary) => listCanaries(primary).includes(entry)) : listCanaries(entry);
}

/** Certificates, aliases and regex paths of one Ingress concern all others of its host, so a host moves as a whole. */
function findKeptHost(
  { pathsByHost }: ConvertibleIngress,
  kept: ReadonlyMap<ConvertibleIngress, readonly IngressProblem[]>,
): string | undefined {
  const keptHosts = new Set([...kept.keys()].flatMap((entry) => [...entry.pathsByHost.keys()]));
  return [...pathsByHost.keys()].find((host) => keptHosts.has(host));
}
