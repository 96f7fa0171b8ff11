import type { ExternalAuth } from "../../../src/rules/policies/external-auth.ts";
import { findAuthorization } from "../../../src/rules/policies/read-settings.ts";
import type { Route } from "../../../src/rules/snapshot.ts";
import { stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "../findings/finding.ts";
import type { LintRule } from "../findings/lint-rules.ts";
import { buildLocation, buildSampleUrl, type IndexedPath, type ObjectIndex } from "../findings/object-index.ts";
import { buildIssue } from "./known-issue.ts";

const SIGN_IN_URL = /^(?:https?|\$scheme|\$pass_access_scheme):\/\/([^/?]+)(\/[^?]*)?/;
const REQUEST_HOST = /^\$\{?(?:host|http_host|best_http_host|server_name)\}?$/;

/** Reports pages of oauth2-proxy and its kin that are behind the authentication that they belong to. */
export function checkSignIn(indexedPath: IndexedPath, index: ObjectIndex): Finding[] {
  const external = findExternalAuth(indexedPath.route);
  if (!external) return [];
  return [...checkSignInPage(indexedPath, external, index), ...checkAuthService(indexedPath, external, index)];
}

/** A client without a session is redirected to the page, and from the page to the page. */
function checkSignInPage(indexedPath: IndexedPath, external: ExternalAuth, index: ObjectIndex): Finding[] {
  const [, authority = "", path = "/"] = SIGN_IN_URL.exec(external.signIn ?? "") ?? [];
  const page = findGuardedRoute(authority, path, indexedPath, index);
  if (!page || !sharesService(page.external, external)) return [];
  const problem = `the sign-in page ${page.path} is behind the same auth-url, so clients are redirected to it without an end`;
  return [buildLoop(indexedPath, "auth-signin", "sign-in-behind-itself", problem, page)];
}

/** The request to auth-url needs authentication, which needs a request to auth-url. */
function checkAuthService(indexedPath: IndexedPath, { target }: ExternalAuth, index: ObjectIndex): Finding[] {
  if (target.via !== "rules") return [];
  const page = findGuardedRoute(target.host, target.path.split(/[?$]/)[0] ?? "/", indexedPath, index);
  if (!page || !sharesService(page.external, { target })) return [];
  const problem = `the authentication service ${page.path} is behind the same auth-url, so every request is rejected`;
  return [buildLoop(indexedPath, "auth-url", "auth-url-behind-itself", problem, page)];
}

interface GuardedRoute {
  readonly sampleHost: string;
  readonly path: string;
  readonly route: Route;
  readonly external: ExternalAuth;
}

function findGuardedRoute(
  authority: string,
  path: string,
  { host }: IndexedPath,
  { hosts }: ObjectIndex,
): GuardedRoute | undefined {
  const pageHost = REQUEST_HOST.test(authority) ? host : authority.toLowerCase().replace(/:\d+$/, "");
  const indexedHost = hosts.find(({ rules }) => rules.host === pageHost);
  const route = indexedHost?.matchPath(path);
  const external = route && findExternalAuth(route);
  return indexedHost && route && external && { sampleHost: indexedHost.sampleHost, path, route, external };
}

/** The external authentication that every client must pass. */
function findExternalAuth({ policies }: Route): ExternalAuth | undefined {
  const checks = findAuthorization(policies);
  return checks?.any ? undefined : checks?.external;
}

function sharesService(a: Pick<ExternalAuth, "target">, b: Pick<ExternalAuth, "target">): boolean {
  return JSON.stringify(a.target) === JSON.stringify(b.target);
}

function buildLoop(
  { owner, scope }: IndexedPath,
  annotation: string,
  rule: LintRule,
  problem: string,
  page: GuardedRoute,
): Finding {
  const key = Object.keys(owner.annotations).find((candidate) => stripAnnotationPrefix(candidate) === annotation);
  const isInConfigMap = key === undefined && owner.ownerKind === "HTTPRoute";
  const field = isInConfigMap ? `${scope}.filters` : `metadata.annotations[${key ?? annotation}]`;
  const location = buildLocation(owner, field);
  const folder = page.path.replace(/\/[^/]*$/, "") || "/";
  const remedy = `move ${folder} to an ${owner.ownerKind ?? "Ingress"} without auth-url`;
  return { ...buildIssue(location, rule, "note", problem, remedy), url: buildSampleUrl(page, page.path) };
}
