import type { HostRules, Route, Rules } from "../../src/rules/snapshot.ts";
import { explain } from "../explain/explain.ts";

/** Routes that are tried, because each trial builds the handlers of a host. */
const MAX_TRIED_ROUTES = 200;
/** Sample name for hosts of rules without a name, and sample label for a wildcard. */
const ANY_HOST_EXAMPLE = "any.example.com";
const WILDCARD_LABEL = "any";

/** Returns a curl command for the first route that forwards a plain request to an origin, if there is one. */
export async function buildCurlCommand(rules: Rules, http: URL, https: URL): Promise<string | undefined> {
  const candidates = rules.hosts.flatMap((host) => host.routes.map((route) => buildSample(host, route)));
  for (const sample of candidates.slice(0, MAX_TRIED_ROUTES)) {
    for (const edge of [http, https]) {
      if (await reachesOrigin(rules, `${edge.protocol}//${sample.host}${sample.path}`))
        return formatCommand(sample, edge);
    }
  }
  return undefined;
}

interface SampleRequest {
  readonly host: string;
  readonly path: string;
}

function buildSample({ host }: HostRules, { path }: Route): SampleRequest {
  return {
    host: host === "*" ? ANY_HOST_EXAMPLE : host.replace(/^\*+/, WILDCARD_LABEL),
    path:
      "pattern" in path
        ? (/^\^(?:\(\?:)?(\/[\w/-]*)/.exec(path.pattern)?.[1] ?? "/")
        : encodeURI(path.path).replaceAll("'", "%27"),
  };
}

/** Whether the edge forwards a GET without credentials, and requests nothing else before. */
async function reachesOrigin(rules: Rules, url: string): Promise<boolean> {
  try {
    const { status, assumedSubrequests } = await explain(rules, { url, method: "GET", headers: [] });
    return status === "from-origin" && assumedSubrequests.length === 0;
  } catch {
    return false; // it has encrypted secrets
  }
}

function formatCommand({ host, path }: SampleRequest, { protocol, port, hostname }: URL): string {
  const insecureFlag = protocol === "https:" ? "-k " : ""; // the certificate is self-signed, or not trusted on this machine
  return `curl ${insecureFlag}--resolve ${host}:${port}:${hostname} '${protocol}//${host}:${port}${path}'`;
}
