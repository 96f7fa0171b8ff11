import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import type { Place } from "../../src/rules/policies/define.ts";
import type { Backend } from "../../src/rules/snapshot.ts";
import type { Reference, Secret } from "../collect/cluster.ts";
import { type Claim, protocolOf } from "./claims.ts";
import { ACCEPT, isAccepted } from "./degraded.ts";
import type { Report } from "./diagnostic.ts";
import { searchExpression } from "./expression.ts";
import { isFallback } from "./fallback.ts";
import { closesRoutes, known } from "./known.ts";
import type { Lookups } from "./lookups.ts";
import { nameOf } from "./select.ts";
import { targetOf } from "./targets.ts";

/** Where a claim's policies are compiled. Backends that they ask for go into `backends`, problems into `closing`. */
export function placeOf(
  claim: Pick<Claim, "id" | "owner" | "host" | "path" | "backend">,
  tls: boolean,
  lookups: Lookups,
  backends: Map<string, Backend>,
  closing: string[],
  report: Report,
): Place {
  const { ingress, read } = claim.owner;
  const { namespace } = ingress;
  const subject = (annotation: string) => ({
    object: `Ingress ${nameOf(ingress)}`,
    source: ingress.source,
    field: `metadata.annotations[${read.keyOf(annotation) ?? annotation}]`,
  });
  const protocol = protocolOf(claim.owner);
  const backend: Place["backend"] = (name, port) => {
    const resolved = lookups.resolve(namespace, { name, port: port ?? firstPort(lookups, namespace, name) }, protocol);
    if (!resolved.ok) return refused(resolved.problem);
    backends.set(resolved.id, resolved.backend);
    return parsed(resolved.id);
  };
  return {
    namespace,
    ingress: ingress.name,
    host: claim.host,
    path: claim.path,
    isFallback: isFallback(claim),
    service: claim.backend?.name ?? "",
    port: String(claim.backend?.port ?? ""),
    tls,
    zones: lookups.zones,
    isLegacy: read.isLegacy,
    secret: (reference) => find("Secret", reference, namespace, lookups),
    configMap: (reference) => find("ConfigMap", reference, namespace, lookups),
    backend,
    target: (url) => targetOf(url, namespace, lookups, backends),
    seal: lookups.options.seal,
    expression: (written) => searchExpression(written, lookups.options.inspect),
    allowedResponseHeaders: lookups.allowedResponseHeaders,
    close(annotation, problem, remedy) {
      if (isAccepted(annotation, claim.owner)) {
        report("AnnotationUnsupported", subject(annotation), `${problem}; ${ACCEPT} serves without`, remedy);
        return;
      }
      closing.push(`${annotation}: ${problem}`);
      const until = closesRoutes(annotation) ? `, unless edgress.dev/${ACCEPT} names it` : "";
      report("RouteClosed", subject(annotation), problem, `${remedy}; until then its paths answer 503${until}`);
    },
    deny(annotation, problem, remedy) {
      report("RouteClosed", subject(annotation), problem, `${remedy}; until then nobody is let in`);
    },
    warn(annotation, problem, remedy) {
      const isLacking = known.get(annotation)?.row.nearness === "no";
      report(isLacking ? "AnnotationUnsupported" : "AnnotationInvalid", subject(annotation), problem, remedy);
    },
  };
}

/** "name" in the Ingress's own namespace, or "namespace/name", which must be the same: what is another's is not ours to read. */
function find(
  kind: Reference["kind"],
  reference: string,
  namespace: string,
  { lookUp }: Lookups,
): Parsed<Secret["data"]> {
  const name = reference.includes("/") ? reference : `${namespace}/${reference}`;
  if (!name.startsWith(`${namespace}/`)) return refused(`${kind} ${name} is in another namespace`);
  const found = lookUp(kind, name);
  if (found) return parsed(found.data);
  const unread = lookUp("unread", `${kind} ${name}`);
  return refused(unread === undefined ? `there is no ${kind} ${name}` : `${kind} ${name} cannot be read: ${unread}`);
}

function firstPort({ lookUp }: Lookups, namespace: string, name: string): number | string {
  return lookUp("service", `${namespace}/${name}`)?.ports[0]?.port ?? "its first port";
}
