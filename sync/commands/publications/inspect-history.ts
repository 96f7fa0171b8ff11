import { formatMatch } from "../../../src/rules/format-match.ts";
import { formatTarget, listTargets } from "../../../src/rules/policies/route-target.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { formatDiffCounts, formatHostDiff } from "../../plan/format-diff.ts";
import { diffRules } from "../../publish/changes/diff-rules.ts";
import { type LoadedGeneration, loadGeneration } from "../../publish/history/load-generation.ts";
import { formatPin } from "../../publish/history/pin.ts";
import { readHistory } from "../../publish/history/read-history.ts";
import type { PublicationFormat } from "../../runtime/publication-format.ts";
import { loadAccount } from "../account-from-env.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";
import { formatAuthor, formatCountsLine, formatHistory } from "./format-generation.ts";

export interface HistoryOptions {
  readonly format: PublicationFormat;
}

/** Lists the generations in KV, newest first. It sends one list, and reads no generation. */
export async function runHistory({ format }: HistoryOptions, environment: Environment): Promise<string[]> {
  const { kv } = loadAccount(readEnvironmentFiles(environment));
  const entries = await readHistory(kv);
  if (format === "json")
    return [
      JSON.stringify(
        entries.map(({ generation, metadata }) => ({ generation, ...metadata })),
        null,
        2,
      ),
    ];
  if (entries.length === 0) return ["nothing is published"];
  const [newest] = entries;
  const pin = newest && formatPin({ generation: newest.generation, rollback: newest.metadata?.rollback });
  return [...formatHistory(entries), ...(pin === undefined ? [] : ["", `${pin}. Resume with: edgress resume`])];
}

/** Shows the hosts and routes of a generation, or of one host of it. */
export async function runShow(
  generation: number,
  { format, host }: HistoryOptions & { readonly host?: string | undefined },
  environment: Environment,
): Promise<string[]> {
  const { kv, verifier } = loadAccount(readEnvironmentFiles(environment));
  const { manifest, hosts } = await loadGeneration(kv, verifier, generation);
  const shownHosts = hosts.filter(({ host: name }) => host === undefined || name === host).map(describeHost);
  const { publishedAt, author, counts, digest, rollback } = manifest;
  if (format === "json")
    return [JSON.stringify({ generation, publishedAt, author, counts, digest, rollback, hosts: shownHosts }, null, 2)];
  return [
    `generation ${generation}, published ${publishedAt}: ${formatAuthor(author, rollback)}`,
    `${formatCountsLine(counts)}, digest ${digest}`,
    ...shownHosts.flatMap(({ host: name, policies, routes }) => [
      `host ${name}${formatPolicies(policies)}`,
      ...routes.map(formatRoute),
    ]),
  ];
}

/** Shows the differences between two generations, by host and route. */
export async function runDiff(
  before: number,
  after: number,
  { format }: HistoryOptions,
  environment: Environment,
): Promise<string[]> {
  const { kv, verifier } = loadAccount(readEnvironmentFiles(environment));
  const generations: LoadedGeneration[] = [];
  for (const generation of [before, after]) generations.push(await loadGeneration(kv, verifier, generation));
  const [previous, current] = generations.map(({ hosts }) => hosts);
  const hosts = diffRules(previous ?? [], current ?? []);
  if (format === "json") return [JSON.stringify({ before, after, hosts }, null, 2)];
  if (hosts.length === 0) return [`generations ${before} and ${after} have the same rules`];
  return [...hosts.flatMap((host) => formatHostDiff(host)), `changes: ${formatDiffCounts(hosts)}`];
}

function describeHost({ host, policies, routes, backends }: HostRules) {
  return {
    host,
    policies: Object.keys(policies),
    routes: routes.map((route) => ({
      match: formatMatch(route.path, route.when),
      ingress: parseRouteOwner(route.id),
      backend: route.backend ?? null,
      targets: listTargets(route, policies),
      addresses: backends[route.backend ?? ""]?.addresses.map(({ address }) => address) ?? [],
      policies: Object.keys(route.policies),
    })),
  };
}

function formatRoute({ match, ingress, targets, policies }: ReturnType<typeof describeHost>["routes"][number]): string {
  const origin = ingress === "" ? "" : ` of ${ingress}`;
  return `  ${match} -> ${targets.map(formatTarget).join(", ")}${origin}${formatPolicies(policies)}`;
}

function formatPolicies(policies: readonly string[]): string {
  return policies.length === 0 ? "" : ` [${policies.join(", ")}]`;
}
