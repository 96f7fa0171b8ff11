import { formatCount } from "../../runtime/format-count.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, findSampleUrl, type IndexedObject } from "./object-index.ts";

/** Host names that a message lists. */
const SHOWN_HOSTS = 3;

/** Reports the rules of an HTTPRoute that no error is about, with a sample URL. */
export function summarizeRules({ owner, paths }: IndexedObject, otherFindings: readonly Finding[]): Finding[] {
  const location = buildLocation(owner, "spec.rules");
  const brokenFields = otherFindings
    .filter(({ kind, object }) => kind === "error" && object === location.object)
    .map(({ field }) => `${field}.`);
  const servedPaths = paths.filter(
    ({ isServed, scope }) => isServed && !brokenFields.some((field) => field.startsWith(`${scope}.`)),
  );
  if (servedPaths.length === 0) return [];
  const rules = new Set(servedPaths.map(({ scope }) => scope));
  const hosts = [...new Set(servedPaths.map(({ host }) => host.replace(/^\*\*/, "*")))];
  const place = hosts.length > SHOWN_HOSTS ? formatCount(hosts.length, "host") : hosts.join(", ");
  const message = `${formatCount(rules.size, "rule")} served on ${place}`;
  const sampledPath = servedPaths.find(({ samplePath }) => samplePath !== undefined);
  return [
    { ...location, rule: "served-rules", kind: "unchanged", message, ...(sampledPath && findSampleUrl(sampledPath)) },
  ];
}
