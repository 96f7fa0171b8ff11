import { errorMessage } from "../../src/rules/error-message.ts";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import type { PathMatch } from "../../src/rules/snapshot.ts";
import { type Cluster, nameOf } from "../collect/cluster-model.ts";
import { assertReadableManifests, formatUnparsableFile, readManifests } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { compile } from "../compile/compile.ts";
import { type Diagnostic, formatDiagnostic } from "../compile/diagnostics.ts";
import type { Options } from "../compile/options.ts";
import { formatClassHint } from "../explain/class-hint.ts";
import { buildRequest, type ExplainRequest, type Explanation, explain } from "../explain/explain.ts";
import { createPlaintextSealer } from "../explain/plaintext-sealer.ts";
import { ALLOW_ALL } from "../permits/model.ts";
import { parseIngressName } from "../publish/route-id.ts";
import { createRegexLookup } from "../regex-check/regex-lookup.ts";
import { UsageError } from "../runtime/usage-error.ts";

export interface ExplainOptions extends Omit<Options, "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly manifests: string;
  readonly method: string;
  readonly header: readonly string[];
  readonly json: boolean;
}

/** Returns the lines of `edgress explain`. Rejects with a `UsageError` if the URL, a header or the folder is invalid. */
export async function runExplain(url: string, options: ExplainOptions): Promise<string[]> {
  const request: ExplainRequest = {
    url: parseUrl(url),
    method: options.method,
    headers: options.header.map(parseHeader),
  };
  validateRequest(request);
  await assertReadableManifests(options.manifests);
  const manifests = await readManifests(options.manifests);
  const cluster = parseCluster([...manifests.files.values()].flat());
  const zones = options.zones.length > 0 ? options.zones : [ROOT_ZONE];
  const { tokenizeSecret, open } = createPlaintextSealer();
  const compileOptions = { ...options, zones, regexVerdicts: createRegexLookup(), tokenizeSecret, permits: ALLOW_ALL };
  const { rules, diagnostics } = compile(cluster, compileOptions);
  const explanation = await explain(rules, request, open);
  const relatedDiagnostics = diagnostics.filter((diagnostic) => isRelated(diagnostic, explanation, cluster));
  const source = findSource(explanation.route?.id, cluster);
  const hint = explanation.outcome === "no-route" ? formatClassHint(cluster, compileOptions) : undefined;
  if (options.json) return [JSON.stringify({ ...explanation, source, hint, diagnostics: relatedDiagnostics }, null, 2)];
  return [
    ...manifests.unparsableFiles.map(formatUnparsableFile),
    ...formatExplanation(explanation, source, cluster),
    ...(hint === undefined ? [] : [formatRow("hint", hint)]),
    ...relatedDiagnostics.map(formatDiagnostic),
  ];
}

function parseUrl(url: string): string {
  if (/^https?:\/\/[^/?#\s]+/.test(url) && URL.canParse(url)) return url;
  throw new UsageError(`URL is invalid: "${url}". Write it like http://shop.example.com/cart`);
}

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`header is invalid: "${text}". Write it like "Name: value"`);
  return [name, value.trimStart()];
}

/** Throws a `UsageError` for methods and headers that no request can have, such as the method `GE T`. */
function validateRequest(request: ExplainRequest): void {
  try {
    buildRequest(request);
  } catch (error) {
    throw new UsageError(`request is invalid: ${errorMessage(error)}`);
  }
}

/** Whether a diagnostic is about a route of the explanation, or about an Ingress with the matching host. */
function isRelated(
  { object }: Diagnostic,
  { route, unmatchedRoutes, host }: Explanation,
  { ingresses }: Cluster,
): boolean {
  const ids = [route?.id, ...unmatchedRoutes.map(({ id }) => id)];
  if (ids.some((id) => id !== undefined && object === `Ingress ${parseIngressName(id)}`)) return true;
  const matchingIngresses = ingresses.filter(({ rules }) =>
    rules.some((rule) => rule.host !== undefined && rule.host === host),
  );
  return matchingIngresses.some((ingress) => object === `Ingress ${nameOf(ingress)}`);
}

function findSource(id: string | undefined, { ingresses }: Cluster): string | undefined {
  const name = id && parseIngressName(id);
  return ingresses.find((ingress) => nameOf(ingress) === name)?.source;
}

function formatExplanation(explanation: Explanation, source: string | undefined, cluster: Cluster): string[] {
  const { host, path, status, outcome, reason, location, route, origin, assumedUrls, unmatchedRoutes } = explanation;
  const rows: (readonly [string, string | undefined])[] = [
    ["response", `${status} (${outcome}${reason ? `: ${reason}` : ""})`],
    ["location", location],
    ["host", host ?? "not found in the rules"],
    ["path", path],
    ["route", route && `${route.id}, ${formatMatch(route.match)}, from ${source ?? "?"}`],
    ["backend", route?.backend],
    ["origin", origin?.addresses.join(", ")],
    ["url", origin?.url],
    ["record", origin?.resolveOverride],
    ...assumedUrls.map((url): [string, string] => ["assumed", `${url} returns 200`]),
    ...unmatchedRoutes.map((entry): [string, string] => [
      "unmatched",
      formatUnmatchedRoute(entry, findSource(entry.id, cluster)),
    ]),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [formatRow(name, value)]));
}

function formatRow(name: string, value: string): string {
  return `${name.padEnd(11)}${value}`;
}

function formatUnmatchedRoute(
  { id, match, reason }: Explanation["unmatchedRoutes"][number],
  source: string | undefined,
): string {
  return match ? `${id}, ${formatMatch(match)}, from ${source ?? "?"}: ${reason}` : `host ${id}: ${reason}`;
}

function formatMatch(match: PathMatch): string {
  return match.type === "regex" ? `regex ${match.pattern}` : `${match.type} ${match.path}`;
}
