import { intersectIpRanges } from "../../../src/rules/addresses.ts";
import { findAuthorization } from "../../../src/rules/policies/read-settings.ts";
import { type Finding, isAboutIngress } from "./finding.ts";
import { buildLocation, findSampleUrl, type IndexedObject, type IndexedPath } from "./object-index.ts";

/** Ranges that no client at the edge has: private, shared, link-local and loopback addresses. */
const PRIVATE_RANGES = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "127.0.0.0/8",
  "fc00::/7",
  "fe80::/10",
  "::1",
];

const REMEDY = "set the public addresses of these clients, or use auth-url or Cloudflare Access";

/** Finds allow and deny lists with private addresses. The edge sees the public address of a client. */
export function findPrivateRanges(indexedObject: IndexedObject): Finding[] {
  const indexedPath = indexedObject.paths.find(({ route }) => findAuthorization(route.policies)?.sourceRange);
  const authorization = indexedPath && findAuthorization(indexedPath.route.policies);
  if (!indexedPath || !authorization?.sourceRange) return [];
  const { allow = [], deny = [] } = authorization.sourceRange;
  const { any, basic, external } = authorization;
  return [
    ...checkAllowList(indexedObject, indexedPath, allow, any && (basic !== undefined || external !== undefined)),
    ...checkDenyList(indexedObject, indexedPath, deny),
  ];
}

function checkAllowList(
  indexedObject: IndexedObject,
  indexedPath: IndexedPath,
  ranges: readonly string[],
  hasOtherCheck: boolean,
): Finding[] {
  const privateRanges = ranges.filter(isPrivate);
  if (privateRanges.length === 0) return [];
  const base = {
    ...locateList(indexedObject, indexedPath, "whitelist-source-range"),
    rule: "private-source-range" as const,
    remedy: REMEDY,
  };
  const names = privateRanges.join(", ");
  if (privateRanges.length < ranges.length || hasOtherCheck) {
    return [{ ...base, kind: "different", message: `no client at the edge has an address of ${names}` }];
  }
  const message = `every client gets 403: the list has only private addresses (${names}), and no client at the edge has one`;
  const sample = findSampleUrl(indexedPath);
  return [
    {
      ...base,
      kind: "error",
      message,
      ...sample,
      ...(sample.url !== undefined && isAboutIngress(base) && { nginx: "served to these addresses" }),
    },
  ];
}

function checkDenyList(indexedObject: IndexedObject, indexedPath: IndexedPath, ranges: readonly string[]): Finding[] {
  const privateRanges = ranges.filter(isPrivate);
  if (privateRanges.length === 0) return [];
  const message = `no client at the edge has an address of ${privateRanges.join(", ")}, so they reject no client`;
  const location = locateList(indexedObject, indexedPath, "denylist-source-range");
  return [{ ...location, rule: "private-source-range", kind: "different", message, remedy: REMEDY }];
}

function isPrivate(range: string): boolean {
  return intersectIpRanges([range], PRIVATE_RANGES)?.includes(range) ?? false;
}

/** Returns the annotation, or the filters of the rule whose ConfigMap has the list. */
function locateList({ owner, parsedAnnotations }: IndexedObject, { scope }: IndexedPath, name: string) {
  const alias = name.replace("whitelist", "allowlist");
  const key = parsedAnnotations.findKey(name) ?? parsedAnnotations.findKey(alias);
  if (key === undefined && owner.ownerKind === "HTTPRoute") return buildLocation(owner, `${scope}.filters`);
  return buildLocation(owner, `metadata.annotations[${key ?? name}]`);
}
