import type { HostRules, Route, Rules } from "../../../src/rules/snapshot.ts";

const MAX_EXAMPLE_ROUTES = 8;
/** Sample name for hosts of rules without a name, and sample label for a wildcard. */
const ANY_HOST_EXAMPLE = "any.example.com";
const WILDCARD_LABEL = "any";

/** Returns the served routes, with curl commands that work as printed. */
export function formatExamples({ hosts }: Rules, http: URL, https: URL): string[] {
  const routes = hosts.flatMap((rules) => rules.routes.map((route) => ({ rules, route })));
  const lines = routes
    .slice(0, MAX_EXAMPLE_ROUTES)
    .flatMap(({ rules, route }) => formatExample(rules, route, http, https));
  return routes.length > MAX_EXAMPLE_ROUTES ? [...lines, `… and ${routes.length - MAX_EXAMPLE_ROUTES} more`] : lines;
}

function formatExample(rules: HostRules, route: Route, http: URL, https: URL): string[] {
  const host = rules.host === "*" ? ANY_HOST_EXAMPLE : rules.host.replace("*", WILDCARD_LABEL);
  const path = buildSamplePath(route);
  const commands = [http, https].map(({ protocol, port, hostname }) => {
    const insecureFlag = protocol === "https:" ? "-k " : ""; // the certificate is self-signed, or not trusted on this machine
    return `  curl ${insecureFlag}--resolve ${host}:${port}:${hostname} '${protocol}//${host}:${port}${path}'`;
  });
  return [`${rules.host} ${formatRoutePath(route)} -> ${route.backend ?? "503"}`, ...commands];
}

function formatRoutePath({ path }: Route): string {
  return path.type === "regex" ? path.pattern : `${path.path}${path.type === "exact" ? " (exact)" : ""}`;
}

/** Returns a sample path that the route matches, if one is easy to derive. */
function buildSamplePath({ path }: Route): string {
  if (path.type !== "regex") return encodeURI(path.path).replaceAll("'", "%27");
  return /^\^(\/[\w/-]*)/.exec(path.pattern)?.[1] ?? "/";
}
