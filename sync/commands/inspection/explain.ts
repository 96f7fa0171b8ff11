import { errorMessage } from "../../../src/rules/error-message.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import { type Diagnostic, formatDiagnostic } from "../../compile/diagnostics.ts";
import { findIgnoredIngresses, formatIgnoredClasses } from "../../compile/select/ignored-ingresses.ts";
import { buildRequest, type ExplainRequest, type Explanation, explain } from "../../explain/explain.ts";
import { formatExplanation } from "../../explain/format-explanation.ts";
import { formatIgnoredHosts } from "../../explain/ignored-hosts.ts";
import { isRequestUrl, resolveUrl } from "../../explain/request-url.ts";
import { formatCount } from "../../runtime/format-count.ts";
import { formatRow } from "../../runtime/format-row.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { Environment } from "../help/environment-variables.ts";
import { type ExplainSourceOptions, openExplainSource } from "./explain-source.ts";

export interface ExplainOptions extends ExplainSourceOptions {
  readonly method: string;
  readonly header: readonly string[];
  readonly allDiagnostics?: boolean;
  readonly json: boolean;
}

/** Returns the lines of `edgress explain`. Rejects with a `UsageError` if the URL, a header or the source is invalid. */
export async function runExplain(text: string, options: ExplainOptions, environment: Environment): Promise<string[]> {
  if (!isRequestUrl(text))
    throw new UsageError(`URL is invalid: "${text}". Write it like http://shop.example.com/cart`);
  const parts = { method: options.method, headers: options.header.map(parseHeader) };
  validateRequest({ url: text, ...parts });
  const source = await openExplainSource(options, parts, environment);
  const { rules, cluster, notices } = source;
  const { url, host, schemeReason } = resolveUrl(text, rules, cluster);
  const explanation = await explain(rules, { url, ...parts }, source.decrypt);
  const assumptions = source.listAssumptions();
  const unhealthyAddresses = (source.unhealthyAddresses ?? []).filter((line) =>
    line.startsWith(`${explanation.route?.backend} `),
  );
  const hints = cluster ? listHints(cluster, options, explanation, host) : [];
  const diagnostics = selectDiagnostics(source.diagnostics, explanation, cluster, options.allDiagnostics ?? false);
  const findSource = (id: string) =>
    cluster?.ingresses.find((ingress) => nameOf(ingress) === parseRouteOwner(id))?.source;
  if (options.json) {
    const location = explanation.route && findSource(explanation.route.id);
    const fields = {
      request: url,
      ...explanation,
      source: location,
      unhealthyAddresses,
      assumptions,
      hints,
      diagnostics: diagnostics.shown,
    };
    return [JSON.stringify({ ...fields, hiddenDiagnostics: diagnostics.hiddenCount }, null, 2)];
  }
  return [
    ...notices,
    ...(schemeReason === undefined ? [] : [formatRow("request", `${url} (${schemeReason})`)]),
    ...formatExplanation(explanation, findSource),
    ...unhealthyAddresses.map((address) => formatRow("unhealthy", address)),
    ...assumptions.map((assumption) => formatRow("assumed", assumption)),
    ...hints.map((hint) => formatRow("hint", hint)),
    ...diagnostics.shown.map(formatDiagnostic),
    ...formatHiddenCount(diagnostics.hiddenCount),
  ];
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

/** Names the ignored Ingresses with the host. For a 404 without one, it counts the ignored Ingresses by class. */
function listHints(cluster: Cluster, options: ExplainOptions, { outcome }: Explanation, host: string): string[] {
  const isUnmatched = outcome === "no-route";
  const ignoredIngresses = findIgnoredIngresses(cluster, options);
  const ignoredHosts = formatIgnoredHosts(cluster, ignoredIngresses, host, isUnmatched);
  if (!isUnmatched || ignoredHosts.length > 0 || ignoredIngresses.length === 0) return ignoredHosts;
  return [formatIgnoredClasses(ignoredIngresses)];
}

/**
 * Returns the diagnostics of the matched route's Ingress; without a route, those of the Ingresses with the host. The other
 * Ingresses of the host are counted, or shown too.
 */
function selectDiagnostics(
  diagnostics: readonly Diagnostic[],
  { route, unmatchedRoutes, host }: Explanation,
  cluster: Cluster | undefined,
  showsAll: boolean,
): { readonly shown: readonly Diagnostic[]; readonly hiddenCount: number } {
  const hostIngresses = cluster?.ingresses.filter(({ rules }) =>
    rules.some((rule) => rule.host !== undefined && rule.host === host),
  );
  const hostNames = new Set([
    ...(hostIngresses?.map(nameOf) ?? []),
    ...[route, ...unmatchedRoutes].flatMap((entry) => (entry ? [parseRouteOwner(entry.id)] : [])),
  ]);
  const shownNames = showsAll || !route ? hostNames : new Set([parseRouteOwner(route.id)]);
  const select = (names: ReadonlySet<string>) =>
    diagnostics.filter(({ object }) => names.has(object.replace(/^Ingress /, "")));
  const shown = select(shownNames);
  return { shown, hiddenCount: select(hostNames).length - shown.length };
}

function formatHiddenCount(count: number): string[] {
  if (count === 0) return [];
  return [`${formatCount(count, "diagnostic")} of other Ingresses of this host; show them with --all-diagnostics`];
}
