import { closest, distance } from "fastest-levenshtein";
import type { Ingress } from "../collect/cluster.ts";
import type { Report } from "./diagnostic.ts";
import { bareName, known } from "./known.ts";
import { type Retired, retired } from "./retired.ts";
import { nameOf } from "./select.ts";

/** Prefixes of another controller for nginx, F5's, which are often taken for ingress-nginx's. */
const FOREIGN_PREFIXES = ["nginx.org/", "nginx.com/"];

/** Reports annotations that mean nothing here though they look as if they did. Their Ingress serves all the same. */
export function reportStrangers(ingress: Ingress, report: Report): void {
  for (const key of Object.keys(ingress.annotations)) {
    const subject = {
      object: `Ingress ${nameOf(ingress)}`,
      source: ingress.source,
      field: `metadata.annotations[${key}]`,
    };
    const prefix = FOREIGN_PREFIXES.find((candidate) => key.startsWith(candidate));
    if (prefix) {
      const remedy = `write what it is for under nginx.ingress.kubernetes.io/, or leave it`;
      report("AnnotationForeign", subject, `${prefix} is F5's controller's, and means nothing here`, remedy);
    }
    const name = bareName(key);
    if (name !== undefined && !known.has(name)) report("AnnotationUnknown", subject, ...whatOf(name));
  }
}

function whatOf(name: string): [problem: string, remedy: string] {
  const old = retired[name] ?? (name.startsWith("influxdb-") ? retired["enable-influxdb"] : undefined);
  if (old) return [`ingress-nginx ${pastOf(old)}, and it means nothing here`, old.instead];
  const nearest = closest(name, [...known.keys()]);
  const isNear = distance(name, nearest) <= Math.max(2, Math.floor(name.length / 4));
  return [
    "there is no such annotation, so it means nothing here",
    isNear ? `is it ${nearest} that is meant?` : "remove it",
  ];
}

function pastOf({ removed }: Retired): string {
  if (removed === undefined) return "never had it";
  return removed === "" ? "dropped it long ago" : `dropped it in ${removed}`;
}
