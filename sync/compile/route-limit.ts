import { type Asked, subjectOf } from "./claims.ts";
import type { Report, Subject } from "./diagnostic.ts";
import { mostRoutes, type Permits } from "./permits.ts";
import { fieldsOf, textOf } from "./permitted.ts";

/** How many routes each namespace asks for. */
export type RoutesUsed = ReadonlyMap<string, number>;

/**
 * Leaves out what is beyond the routes that a namespace may have: in the order of `asked` the first stay. A host without
 * paths is a route too, for what no path takes; who keeps none of its paths of a host is not one of its owners.
 */
export function withinRoutes(asked: readonly Asked[], permits: Permits, report: Report): Asked[] {
  if (permits.routes.length === 0) return [...asked];
  const take = routesLeft(permits, new Map());
  return asked.map((one) => {
    const { namespace } = one.owner.ingress;
    const mayHave = (what: string, subject: Subject) => {
      const fits = take(namespace, 1);
      if (!fits) reportRoutes(namespace, what, subject, permits, report);
      return fits;
    };
    const claims = one.claims.filter(({ host, path, subject }) =>
      mayHave(`path ${path} of ${textOf(host)}`, { ...subject, field: `${subject.field}.path` }),
    );
    const bare = bareHosts(one).filter((host) => mayHave(textOf(host), hostSubject(one, host)));
    const kept = new Set([...claims.map(({ host }) => host), ...bare]);
    return { ...one, claims, hosts: one.hosts.filter((host) => kept.has(host)) };
  });
}

function hostSubject({ owner: { ingress } }: Asked, host: string): Subject {
  return subjectOf(ingress, fieldsOf(ingress, host)[0] ?? "spec.rules");
}

/** The routes that Ingresses ask for, by namespace. They are not counted where there is no limit. */
export function routesUsed(asked: readonly Asked[], { routes }: Permits): RoutesUsed {
  const used = new Map<string, number>();
  if (routes.length === 0) return used;
  for (const one of asked) {
    const { namespace } = one.owner.ingress;
    used.set(namespace, (used.get(namespace) ?? 0) + one.claims.length + bareHosts(one).length);
  }
  return used;
}

/** Takes routes of a namespace while some are left. */
export function routesLeft(permits: Permits, before: RoutesUsed): (namespace: string, routes: number) => boolean {
  const used = new Map(before);
  return (namespace, routes) => {
    const sum = (used.get(namespace) ?? 0) + routes;
    const most = mostRoutes(permits, namespace);
    if (most !== undefined && sum > most) return false;
    used.set(namespace, sum);
    return true;
  };
}

export function reportRoutes(
  namespace: string,
  what: string,
  subject: Subject,
  permits: Permits,
  report: Report,
): void {
  const most = mostRoutes(permits, namespace);
  const problem = `${what} is left out: namespace ${namespace} may have ${most} routes, and has them already`;
  const remedy = `remove older ones, or ask whoever keeps the permits of edgress to add more for namespace ${namespace}`;
  report("RouteLimit", subject, problem, remedy);
}

function bareHosts({ hosts, claims }: Pick<Asked, "hosts" | "claims">): string[] {
  const named = new Set(claims.map(({ host }) => host));
  return [...new Set(hosts)].filter((host) => !named.has(host));
}
