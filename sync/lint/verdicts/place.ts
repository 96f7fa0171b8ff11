import type { Finding } from "../findings/finding.ts";
import { type CheckedObject, type FindingPlace, formatObject } from "./checked-object.ts";

const NGINX_PREFIX = "nginx.ingress.kubernetes.io/";

/** Returns a function that finds the host and path of a finding. */
export function createPlaceFinder(objects: readonly CheckedObject[]): (finding: Finding) => FindingPlace {
  const byObject = new Map(objects.map((object) => [formatObject(object), object]));
  return (finding) => {
    const object = byObject.get(finding.object);
    const place = object?.findPlace(finding);
    return place ?? { place: shortenField(finding.field), hosts: object?.listAffectedHosts(finding) ?? [] };
  };
}

/** Returns the key of an annotation without the prefix of ingress-nginx. Other fields stay the same. */
function shortenField(field: string): string {
  const key = /^metadata\.annotations\[(.*)\]$/.exec(field)?.[1];
  if (key === undefined) return field;
  return key.startsWith(NGINX_PREFIX) ? key.slice(NGINX_PREFIX.length) : key;
}
