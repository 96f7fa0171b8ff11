import { errorMessage } from "../../../src/rules/error-message.ts";
import { ROOT_ZONE } from "../../../src/rules/hosts.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { WatchScope } from "../../collect/live-cluster.ts";
import { NO_PREVIOUS_STATE } from "../../compile/last-good.ts";
import type { Options } from "../../compile/options.ts";
import { previousStateFrom } from "../../controller/publish-cluster.ts";
import { type LoadedClient, loadKubernetesClient } from "../../kubernetes/client-from-kubeconfig.ts";
import type { PermitsLocation } from "../../permits/source.ts";
import type { Account } from "../../publish/account.ts";
import { createRegexLookup } from "../../regex-check/regex-lookup.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { type ClusterSide, readClusterSide } from "../../status/cluster-side.ts";
import { readEdgeSide } from "../../status/edge-side.ts";
import { formatObjectReport, formatOverview } from "../../status/format-status.ts";
import { type KvSide, readKvSide } from "../../status/kv-side.ts";
import { buildObjectReport } from "../../status/object-report.ts";
import { buildOverview } from "../../status/overview.ts";
import type { ServedObject } from "../../status/served-object.ts";
import { loadAccount } from "../account-from-env.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";

export interface StatusOptions
  extends Omit<Options, "zones" | "regexVerdicts" | "tokenizeSecret" | "permits" | "namespace">,
    WatchScope {
  readonly permits: PermitsLocation;
  readonly namespace: string | undefined;
  readonly leaseName: string;
  readonly edgeUrl?: string | undefined;
  readonly json: boolean;
}

/** The output of `edgress status`. The exit code is 1 if something is not live, or if KV was not read. */
export interface StatusResult {
  readonly lines: readonly string[];
  readonly exitCode: 0 | 1;
}

/** Reads cluster, KV and edge, and reports on everything or on one object. Rejects with a `UsageError` if its name is invalid. */
export async function runStatus(
  subject: string | undefined,
  options: StatusOptions,
  environmentWithFiles: Environment,
): Promise<StatusResult> {
  const object = subject === undefined ? undefined : parseSubject(subject);
  const environment = readEnvironmentFiles(environmentWithFiles);
  const now = new Date();
  const account = tryTo(() => loadAccount(environment));
  const kv = account.ok ? await readKvSide(account.value) : account;
  const cluster = await readCluster(options, account, kv, now);
  const sides = { kv, cluster, edge: await readEdgeSide(options.edgeUrl, environment.EDGRESS_STATUS_TOKEN) };
  const report = object === undefined ? buildOverview(sides) : buildObjectReport(object, sides);
  const lines = "name" in report ? formatObjectReport(report, now) : formatOverview(report, now);
  return {
    lines: options.json ? [JSON.stringify(report, null, 2)] : lines,
    exitCode: report.live === "yes" ? 0 : 1,
  };
}

/** Parses the name of an object, with a kind as kubectl accepts it. Without a kind, it is an Ingress. */
function parseSubject(text: string): ServedObject {
  const match = /^(?:(ing(?:ress(?:es)?)?|httproutes?)\/)?([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text);
  if (match) {
    const [, kind = "ingress", namespace = "", name = ""] = match;
    return { kind: kind.startsWith("ing") ? "Ingress" : "HTTPRoute", namespace, name };
  }
  throw new UsageError(
    `name is invalid: "${text}". Write ingress/NAMESPACE/NAME, httproute/NAMESPACE/NAME, or NAMESPACE/NAME for an Ingress`,
  );
}

async function readCluster(
  options: StatusOptions,
  account: Result<Account>,
  kv: Result<KvSide>,
  now: Date,
): Promise<Result<ClusterSide>> {
  const client = tryTo<LoadedClient>(() => loadKubernetesClient(options.namespace));
  if (!client.ok) return client;
  const { api, namespace } = client.value;
  const { ingressClass, controller, watchIngressWithoutClass, exclusiveHosts, allowedResponseHeaders } = options;
  const compileOptions = {
    ingressClass,
    controller,
    watchIngressWithoutClass,
    exclusiveHosts,
    allowedResponseHeaders,
    namespace,
    zones: (kv.ok ? kv.value.manifest?.zones : undefined) ?? [ROOT_ZONE],
    regexVerdicts: createRegexLookup(),
    tokenizeSecret: account.ok ? account.value.encryptor.tokenizeSecret : () => "sealed:",
  };
  const previousState = kv.ok ? previousStateFrom(kv.value.state) : NO_PREVIOUS_STATE;
  return readClusterSide(api, { ...options, namespace }, compileOptions, previousState, now);
}

function tryTo<T>(load: () => T): Result<T> {
  try {
    return success(load());
  } catch (error) {
    return failure(errorMessage(error));
  }
}
