import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import type { PathMatch } from "../../src/rules/snapshot.ts";
import type { Cluster } from "../collect/cluster.ts";
import { expectFolder, readManifests, unparsableLine } from "../collect/manifests.ts";
import { clusterOf } from "../collect/objects.ts";
import { inspector } from "../compile/backtracking.ts";
import { compile } from "../compile/compile.ts";
import { type Diagnostic, lineOf } from "../compile/diagnostic.ts";
import type { Options } from "../compile/options.ts";
import { EVERYTHING_PERMITTED } from "../compile/permits.ts";
import { nameOf } from "../compile/select.ts";
import { UsageError } from "../usage-error.ts";
import { type Asked, type Explanation, explain } from "./explain.ts";
import { unsealed } from "./unsealed.ts";

export interface ExplainOptions extends Omit<Options, "inspect" | "seal" | "permits"> {
  readonly manifests: string;
  readonly method: string;
  readonly header: readonly string[];
  readonly json: boolean;
}

/** The lines that `edgress explain` prints. Rejects with a UsageError where the URL, a header or the folder is none. */
export async function explainCommand(url: string, options: ExplainOptions): Promise<string[]> {
  const asked: Asked = { url: checkedUrl(url), method: options.method, headers: options.header.map(parseHeader) };
  expectRequest(asked);
  await expectFolder(options.manifests);
  const manifests = await readManifests(options.manifests);
  const cluster = clusterOf([...manifests.files.values()].flat());
  const zones = options.zones.length > 0 ? options.zones : [ROOT_ZONE];
  const { seal, open } = unsealed();
  const given = { ...options, zones, inspect: inspector(), seal, permits: EVERYTHING_PERMITTED };
  const { rules, diagnostics } = compile(cluster, given);
  const explanation = await explain(rules, asked, open);
  const about = diagnostics.filter((diagnostic) => concerns(diagnostic, explanation, cluster));
  const source = sourceOf(explanation.route?.id, cluster);
  if (options.json) return [JSON.stringify({ ...explanation, source, diagnostics: about }, null, 2)];
  return [...manifests.unparsable.map(unparsableLine), ...describe(explanation, source, cluster), ...about.map(lineOf)];
}

function checkedUrl(url: string): string {
  if (/^https?:\/\/[^/?#\s]+/.test(url) && URL.canParse(url)) return url;
  throw new UsageError(`expected a URL such as http://shop.example.com/cart, got "${url}"`);
}

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`expected a header "Name: value", got "${text}"`);
  return [name, value];
}

/** Methods and values that no request may have, such as `GE T`. */
function expectRequest({ method, headers }: Asked): void {
  try {
    new Request("http://edgress.invalid/", { method, headers: headers.map(([name, value]) => [name, value]) });
  } catch (error) {
    throw new UsageError(`there is no such request: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Diagnostics of the Ingresses that name the host which took the request, and of what the route leads to. */
function concerns({ object }: Diagnostic, { route, lost, host }: Explanation, { ingresses }: Cluster): boolean {
  const ids = [route?.id, ...lost.map(({ id }) => id)];
  if (ids.some((id) => id !== undefined && object === `Ingress ${id.split("#")[0]}`)) return true;
  const named = ingresses.filter(({ rules }) => rules.some((rule) => rule.host !== undefined && rule.host === host));
  return named.some((ingress) => object === `Ingress ${nameOf(ingress)}`);
}

function sourceOf(id: string | undefined, { ingresses }: Cluster): string | undefined {
  const name = id?.split("#")[0];
  return ingresses.find((ingress) => nameOf(ingress) === name)?.source;
}

function describe(explanation: Explanation, source: string | undefined, cluster: Cluster): string[] {
  const { host, path, status, outcome, because, location, route, origin, assumed, lost } = explanation;
  const rows: (readonly [string, string | undefined])[] = [
    ["answer", `${status} (${outcome}${because ? `: ${because}` : ""})`],
    ["location", location],
    ["host", host ?? "none of the rules names it"],
    ["path", path],
    ["route", route && `${route.id}, ${matchText(route.match)}, from ${source ?? "?"}`],
    ["backend", route?.backend],
    ["origin", origin?.addresses.join(", ")],
    ["fetches", origin?.url],
    ["connects", origin?.resolveOverride],
    ...assumed.map((url): [string, string] => ["assumes", `${url} answers 200`]),
    ...lost.map((entry): [string, string] => ["lost", lostText(entry, sourceOf(entry.id, cluster))]),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(9)}${value}`]));
}

function lostText({ id, match, why }: Explanation["lost"][number], source: string | undefined): string {
  return match ? `${id}, ${matchText(match)}, from ${source ?? "?"}: ${why}` : `host ${id}: ${why}`;
}

function matchText(match: PathMatch): string {
  return match.type === "regex" ? `expression ${match.pattern}` : `${match.type} ${match.path}`;
}
