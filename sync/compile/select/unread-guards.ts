import { readAcceptedNames } from "../../../src/rules/policies/accept-degraded.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { findUnreadAnnotation, type UnreadAnnotation } from "../../collect/foreign-annotations.ts";
import type { Report } from "../diagnostics.ts";
import type { ParsedAnnotations } from "../model.ts";
import { annotationCatalog } from "./annotation-catalog.ts";

/** Words in names of annotations that restrict access: authentication, address lists, firewalls, middlewares. */
const GUARD_WORDS: ReadonlySet<string> = new Set(
  [
    "jwt oidc oauth oauth2 cognito csrf acl iap waf wafv2 shield modsecurity mtls mutual allowed",
    "allowlist denylist whitelist blacklist blocklist cidr cidrs",
    "middleware middlewares plugin plugins policies snippet snippets",
  ].flatMap((words) => words.split(" ")),
);
const GUARD_PREFIXES = ["auth", "appprotect"];
const GUARD_PHRASE =
  /(^|[-._])(client-(ca|cert)|tls\.options|verify-client|(allow|deny|white|black|block)-list|source-range|security-groups|skipper-filter)([-._]|$)|(^|[-._])app-protect/;
/** Names that match, and only select a cipher suite or allow browsers. */
const HARMLESS_NAME = /^(cors|ssl|tls-policy)/i;
/** Annotations that keep a load balancer inside the network: any client reaches the edge. */
const INTERNAL_VALUES: ReadonlyMap<string, string> = new Map([
  ["alb.ingress.kubernetes.io/scheme", "internal"],
  ["appgw.ingress.kubernetes.io/use-private-ip", "true"],
]);
const OFF_VALUES = ["", "false", "off", "none", "0", "disabled"];
/** Every annotation of these controllers belongs to their access control. */
const GUARDING_CONTROLLERS = ["Pomerium"];

/** Whether an annotation that edgress does not read restricts access in its own controller, with its text or with any. */
export function isUnreadGuard(key: string, text?: string): boolean {
  const unread = findUnreadAnnotation(key);
  if (!unread || (text !== undefined && OFF_VALUES.includes(text.trim().toLowerCase()))) return false;
  if (unread.type === "misspelled") {
    const { row, policy } = annotationCatalog.get(unread.name) ?? {};
    return row?.support === "fail-closed" || policy?.protects === true;
  }
  const internalValue = INTERNAL_VALUES.get(key);
  if (internalValue !== undefined) return text === undefined || text === internalValue;
  if (GUARDING_CONTROLLERS.includes(unread.controller)) return true;
  return hasGuardName(unread.name.toLowerCase()) && !HARMLESS_NAME.test(unread.name);
}

function hasGuardName(name: string): boolean {
  const words = name.split(/[-._]/);
  return (
    GUARD_PHRASE.test(name) ||
    words.some((word) => GUARD_WORDS.has(word) || GUARD_PREFIXES.some((prefix) => word.startsWith(prefix)))
  );
}

/**
 * Reports guards that edgress does not read, and returns the reason to close the paths. `accept-degraded` accepts them by
 * their whole key.
 */
export function findUnreadGuard(
  ingress: Ingress,
  values: Pick<ParsedAnnotations["values"], "acceptDegraded">,
  report: Report,
): string | undefined {
  const guards = Object.entries(ingress.annotations).filter(([key, text]) => isUnreadGuard(key, text));
  const acceptedNames = readAcceptedNames(values);
  const reasons = guards.flatMap(([key]) => {
    const unread = findUnreadAnnotation(key);
    if (!unread) return [];
    const subject = {
      object: `Ingress ${nameOf(ingress)}`,
      source: ingress.source,
      field: `metadata.annotations[${key}]`,
    };
    const { problem, remedy } = describeUnreadAnnotation(unread);
    if (acceptedNames.includes(key)) {
      report("UnsupportedAnnotation", subject, `${problem}; served without it because of accept-degraded`, remedy);
      return [];
    }
    const consequence = "until then its paths return 503, unless edgress.dev/accept-degraded lists it";
    report("RouteFailedClosed", subject, `${problem}, and it restricts access`, `${remedy}; ${consequence}`);
    return [`${key} restricts access, and edgress does not read it`];
  });
  return reasons[0];
}

/** Describes an annotation that edgress does not read, and its alternative. */
export function describeUnreadAnnotation(unread: UnreadAnnotation): {
  readonly problem: string;
  readonly remedy: string;
} {
  if (unread.type === "misspelled") {
    const problem = `unknown prefix: ${unread.prefix}`;
    return { problem, remedy: `did you mean ${unread.intendedPrefix}${unread.name}?` };
  }
  return {
    problem: `annotation of ${unread.controller}`,
    remedy: "set the equivalent annotation under nginx.ingress.kubernetes.io/, and remove it",
  };
}
