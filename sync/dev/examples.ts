import type { HostRules, Route, Rules } from "../../src/rules/snapshot.ts";

const MOST_ROUTES = 8;
/** Stands for the hosts of rules that name none, and for the label of a wildcard. */
const ANY_HOST_EXAMPLE = "any.example.com";
const WILDCARD_LABEL = "any";

/** What is served, with commands that ask for it: they work exactly as they are printed. */
export function examplesOf({ hosts }: Rules, http: URL, https: URL): string[] {
  const routes = hosts.flatMap((rules) => rules.routes.map((route) => ({ rules, route })));
  const shown = routes.slice(0, MOST_ROUTES).flatMap(({ rules, route }) => exampleOf(rules, route, http, https));
  return routes.length > MOST_ROUTES ? [...shown, `… and ${routes.length - MOST_ROUTES} more`] : shown;
}

function exampleOf(rules: HostRules, route: Route, http: URL, https: URL): string[] {
  const host = rules.host === "*" ? ANY_HOST_EXAMPLE : rules.host.replace("*", WILDCARD_LABEL);
  const path = samplePath(route);
  const commands = [http, https].map(({ protocol, port, hostname }) => {
    const insecure = protocol === "https:" ? "-k " : ""; // the certificate is made here, or not for this machine
    return `  curl ${insecure}--resolve ${host}:${port}:${hostname} '${protocol}//${host}:${port}${path}'`;
  });
  return [`${rules.host} ${titleOf(route)} -> ${route.backend ?? "503"}`, ...commands];
}

function titleOf({ path }: Route): string {
  return path.type === "regex" ? path.pattern : `${path.path}${path.type === "exact" ? " (exact)" : ""}`;
}

/** A path that a route takes, where it is plain to see. */
function samplePath({ path }: Route): string {
  if (path.type !== "regex") return encodeURI(path.path).replaceAll("'", "%27");
  return /^\^(\/[\w/-]*)/.exec(path.pattern)?.[1] ?? "/";
}
