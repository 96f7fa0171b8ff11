import type { Rules } from "../../src/rules/snapshot.ts";

const MAX_HOSTS = 20;

/** Returns the page for a browser that opens the address of the local edge, unless the rules serve every host. */
export function buildLoopbackPage({ hosts }: Rules, curlCommand: string | undefined): string | undefined {
  if (hosts.some(({ host }) => host === "*" || host === "localhost")) return undefined;
  const names = hosts.slice(0, MAX_HOSTS).map(({ host }) => `  ${host}`);
  const restCount = hosts.length - names.length;
  return [
    "404 Not Found: no rule has the host of this URL.",
    "",
    "edgress selects a route by the Host of a request. These are the hosts of the rules:",
    "",
    ...(names.length > 0 ? names : ["  none"]),
    ...(restCount > 0 ? [`  and ${restCount} more`] : []),
    "",
    "To open a host in a browser, add a line such as `127.0.0.1 shop.example.com` to your hosts file.",
    ...(curlCommand === undefined ? [] : ["Or run:", "", `  ${curlCommand}`]),
    "",
  ].join("\n");
}
