import type { Cluster, IngressClass } from "../../collect/cluster-model.ts";
import { parseCluster } from "../../collect/parse-objects.ts";
import { readGatewayController } from "../../compile/gateway/read-gateways.ts";
import type { Options } from "../../compile/options.ts";
import { type ClassSelector, selectIngresses } from "../../compile/select/ingress-class.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { CHECKED_KINDS } from "../verdicts/report.ts";
import { addLiveObjects } from "./add-live-objects.ts";
import {
  formatClassOptions,
  formatSkippedClasses,
  isOwnController,
  listSkippedClasses,
  type SkippedClass,
} from "./class-selection.ts";
import { createLiveLookup, describeRefusals, readLiveCluster } from "./live-objects.ts";
import { type LookUpObject, lookUpNothing, requireObjects } from "./object-lookup.ts";
import { type OwnGatewayObjects, selectOwnGatewayObjects } from "./own-gateway-objects.ts";
import { type LintFile, readFiles } from "./read-files.ts";
import { listSkippedGatewayClasses } from "./skipped-gateway-classes.ts";

/** The options that select the objects to check. */
export type LintSelector = ClassSelector & Pick<Options, "gatewayController">;

/** The objects to check. */
export interface LintInput {
  readonly files: readonly LintFile[];
  readonly cluster: Cluster;
  readonly lookUp: LookUpObject;
  readonly skippedClasses: readonly SkippedClass[];
  /** Kinds that the cluster does not let the user list, with the remedy. */
  readonly warnings: readonly string[];
}

export interface InputOptions {
  /** Files and folders; "-" for standard input. */
  readonly paths: readonly string[];
  /** The cluster with the objects that the files lack. It also has the Ingresses and HTTPRoutes if there are no paths. */
  readonly api: KubernetesClient | undefined;
  /** Whether a missing object is an error. */
  readonly strict: boolean;
}

/** Reads the objects. Rejects with a `UsageError` if no object is selected. */
export async function collectInput(
  { paths, api, strict }: InputOptions,
  selector: LintSelector,
  input: AsyncIterable<Buffer | string>,
): Promise<LintInput> {
  const files = await readFiles(paths, input);
  const manifests = parseCluster(files.flatMap(({ objects }) => objects));
  const live = api && (await readLiveCluster(api, paths.length === 0));
  const objects = live && paths.length > 0 ? addLiveObjects(manifests, live.cluster) : (live?.cluster ?? manifests);
  const cluster = { ...objects, classes: objects.classes.map(dropForeignParameters) };
  const own = selectOwnGatewayObjects(cluster.gateway, readGatewayController(selector));
  const skippedClasses = [...listSkippedClasses(cluster, selector), ...listSkippedGatewayClasses(cluster.gateway, own)];
  const isReadable = files.every(({ unparsableFile }) => !unparsableFile);
  const hasInvalidObject = cluster.invalidObjects.some(({ kind }) => CHECKED_KINDS.some((checked) => checked === kind));
  const hasObjects = selectIngresses(cluster, selector).length > 0 || hasOwnObjects(own);
  const warnings = describeRefusals(live?.refusedKinds ?? []);
  if (isReadable && !hasInvalidObject && !hasObjects)
    throw new UsageError(describeEmptyInput(cluster, skippedClasses, paths, warnings));
  const lookUp = api ? createLiveLookup(api, live?.refusedKinds ?? []) : lookUpNothing;
  return { files, cluster, lookUp: strict ? requireObjects(lookUp) : lookUp, skippedClasses, warnings };
}

function hasOwnObjects({ gatewayClasses, gateways, listenerSets, httpRoutes }: OwnGatewayObjects): boolean {
  return [gatewayClasses, gateways, listenerSets, httpRoutes].some((list) => list.length > 0);
}

/** Parameters of another controller's class have another meaning. */
function dropForeignParameters(ingressClass: IngressClass): IngressClass {
  return isOwnController(ingressClass.controller) ? ingressClass : { ...ingressClass, parameters: undefined };
}

function describeEmptyInput(
  { ingresses }: Cluster,
  skippedClasses: readonly SkippedClass[],
  paths: readonly string[],
  warnings: readonly string[],
): string {
  const place = paths.length === 0 ? "the cluster" : paths.join(", ");
  const usualRemedy = paths.length === 0 ? ". Check the context of the kubeconfig" : ". Check the path";
  const remedy = warnings.length > 0 ? `; ${warnings.join("; ")}` : usualRemedy;
  const [largestClass] = skippedClasses;
  if (!largestClass) return `Ingress or HTTPRoute not found in ${place}${remedy}`;
  if (largestClass.kind === "GatewayClass")
    return `no HTTPRoute of edgress in ${place}: other classes: ${formatSkippedClasses(skippedClasses)}. If edgress has another controller name, use ${formatClassOptions(largestClass)}`;
  const count = `${ingresses.length} of ${ingresses.length}`;
  return `no Ingress of the selected class in ${place}: ${count} have another class: ${formatSkippedClasses(skippedClasses)}. Use ${formatClassOptions(largestClass)}`;
}
