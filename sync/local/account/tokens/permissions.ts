import type { ApiCall, ApiToken, ErrorReply } from "../api-types.ts";

type Scope = "account" | "zone";

interface PermissionRule {
  /** Paths below `/accounts/ID/` or `/zones/ID/`. */
  readonly path: RegExp;
  /** Without "Read" or "Write". */
  readonly group: string;
}

/** The permissions by path. The first match counts. */
const ACCOUNT_RULES: readonly PermissionRule[] = [
  { path: /^storage\/kv\//, group: "Workers KV Storage" },
  { path: /^workers\/scripts\/[^/]+\/routes$/, group: "Workers Routes" },
  { path: /^workers\/observability\//, group: "Workers Observability" },
  { path: /^workers\//, group: "Workers Scripts" },
  { path: /^analytics_engine\//, group: "Account Analytics" },
  { path: /^mtls_certificates\b/, group: "Account: SSL and Certificates" },
  { path: /^dns_records\//, group: "DNS" },
  { path: /^dns_settings\b/, group: "Account DNS Settings" },
  { path: /^tokens\/verify$/, group: "" },
  { path: /^tokens\b/, group: "Account API Tokens" },
  { path: /^$/, group: "Account Settings" },
];

const ZONE_RULES: readonly PermissionRule[] = [
  { path: /^dns_records\b/, group: "DNS" },
  { path: /^dns_settings\b/, group: "Zone DNS Settings" },
  { path: /^settings\b/, group: "Zone Settings" },
  { path: /^workers\/routes\b/, group: "Workers Routes" },
  {
    path: /^(ssl|acm|custom_certificates|certificate_authorities|origin_tls_client_auth)\b/,
    group: "SSL and Certificates",
  },
  { path: /^purge_cache$/, group: "Cache Purge" },
  { path: /^(entitlements)?$/, group: "Zone" },
];

/** Calls that change nothing although their method is POST. */
const READING_POSTS = /\/(bulk\/get|analytics_engine\/sql|telemetry\/(query|keys|values))$/;

const FORBIDDEN: ErrorReply = { status: 403, code: 10000, message: "Authentication error" };

/** Whether a token has a permission. The Write group includes Read. */
export function hasPermission({ permissions }: ApiToken, group: string, level: "Read" | "Write"): boolean {
  if (permissions === "all" || group === "") return true;
  return permissions.includes(`${group} Write`) || (level === "Read" && permissions.includes(`${group} Read`));
}

/** Whether a token may touch a zone. */
export function canTouchZone({ zones }: ApiToken, zone: string): boolean {
  return zones === "all" || zones.includes(zone);
}

/** Returns the error of a call whose token lacks the permission, or may not touch the zone. */
export function findMissingPermission(
  { path, method, token }: Pick<ApiCall, "path" | "method" | "token">,
  findZoneName: (zoneId: string) => string | undefined,
): ErrorReply | undefined {
  const [collection, id, ...rest] = path;
  if ((collection !== "accounts" && collection !== "zones") || id === undefined) return undefined;
  const zone = collection === "zones" ? findZoneName(id) : undefined;
  if (zone !== undefined && !canTouchZone(token, zone))
    return { status: 403, code: 9109, message: "Unauthorized to access requested resource" };
  const subpath = rest.join("/");
  const rules = collection === "accounts" ? ACCOUNT_RULES : ZONE_RULES;
  const group = rules.find((rule) => rule.path.test(subpath))?.group ?? "";
  return hasPermission(token, group, isReading(method, subpath) ? "Read" : "Write") ? undefined : FORBIDDEN;
}

function isReading(method: string, subpath: string): boolean {
  return method === "GET" || method === "HEAD" || (method === "POST" && READING_POSTS.test(`/${subpath}`));
}

/** Returns the permission groups of the account, with Read and Write of each. */
export function listPermissionGroups(): { name: string; scope: Scope }[] {
  const scopedGroups = [
    ...ACCOUNT_RULES.map(({ group }) => ({ group, scope: "account" as const })),
    ...ZONE_RULES.map(({ group }) => ({ group, scope: "zone" as const })),
  ];
  const seenGroups = new Map(scopedGroups.filter(({ group }) => group !== "").map((entry) => [entry.group, entry]));
  return [...seenGroups.values()].flatMap(({ group, scope }) => [
    { name: `${group} Read`, scope },
    { name: `${group} Write`, scope },
  ]);
}
