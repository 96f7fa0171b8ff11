import type { HostRules, Route, Rules } from "../../../src/rules/snapshot.ts";

const MAX_EXAMPLE_ROUTES = 8;
/** Stands for the hosts of rules that name none, and for the label of a wildcard. */
const ANY_HOST_EXAMPLE = "any.example.com";
const WILDCARD_LABEL = "any";

/** What is served, with commands that ask for it: they work exactly as they are printed. */
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
    const insecureFlag = protocol === "https:" ? "-k " : ""; // the certificate is made here, or not for this machine
    return `  curl ${insecureFlag}--resolve ${host}:${port}:${hostname} '${protocol}//${host}:${port}${path}'`;
  });
  return [`${rules.host} ${formatRoutePath(route)} -> ${route.backend ?? "503"}`, ...commands];
}

function formatRoutePath({ path }: Route): string {
  return path.type === "regex" ? path.pattern : `${path.path}${path.type === "exact" ? " (exact)" : ""}`;
}

/** A path that a route takes, where it is plain to see. */
function buildSamplePath({ path }: Route): string {
  if (path.type !== "regex") return encodeURI(path.path).replaceAll("'", "%27");
  return /^\^(\/[\w/-]*)/.exec(path.pattern)?.[1] ?? "/";
}
