import type { Cluster, IngressClass } from "../../collect/cluster-model.ts";
import { parseCluster } from "../../collect/parse-objects.ts";
import { type ClassSelector, selectIngresses } from "../../compile/select/ingress-class.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import {
  formatClassOptions,
  formatSkippedClasses,
  isOwnController,
  listSkippedClasses,
  type SkippedClass,
} from "./class-selection.ts";
import { addLiveObjects, createLiveLookup, readLiveCluster } from "./live-objects.ts";
import { type LookUpObject, lookUpNothing, requireObjects } from "./object-lookup.ts";
import { type LintFile, readFiles } from "./read-files.ts";

/** The objects to check. */
export interface LintInput {
  readonly files: readonly LintFile[];
  readonly cluster: Cluster;
  readonly lookUp: LookUpObject;
  readonly skippedClasses: readonly SkippedClass[];
}

export interface InputOptions {
  /** Files and folders; "-" for standard input. */
  readonly paths: readonly string[];
  /** The cluster with the objects that the files lack. It also has the Ingresses if there are no paths. */
  readonly api: KubernetesClient | undefined;
  /** Whether a missing object is an error. */
  readonly strict: boolean;
}

/** Reads the objects. Rejects with a `UsageError` if no Ingress is selected. */
export async function collectInput(
  { paths, api, strict }: InputOptions,
  selector: ClassSelector,
  input: AsyncIterable<Buffer | string>,
): Promise<LintInput> {
  const files = await readFiles(paths, input);
  const manifests = parseCluster(files.flatMap(({ objects }) => objects));
  const objects = api ? addLiveObjects(manifests, await readLiveCluster(api, paths.length === 0)) : manifests;
  const cluster = { ...objects, classes: objects.classes.map(dropForeignParameters) };
  const skippedClasses = listSkippedClasses(cluster, selector);
  const isReadable = files.every(({ unparsableFile }) => !unparsableFile);
  const hasInvalidIngress = cluster.invalidObjects.some(({ kind }) => kind === "Ingress");
  if (isReadable && !hasInvalidIngress && selectIngresses(cluster, selector).length === 0)
    throw new UsageError(describeEmptyInput(cluster, skippedClasses, paths));
  const lookUp = api ? createLiveLookup(api) : lookUpNothing;
  return { files, cluster, lookUp: strict ? requireObjects(lookUp) : lookUp, skippedClasses };
}

/** Parameters of another controller's class have another meaning. */
function dropForeignParameters(ingressClass: IngressClass): IngressClass {
  return isOwnController(ingressClass.controller) ? ingressClass : { ...ingressClass, parameters: undefined };
}

function describeEmptyInput(
  { ingresses }: Cluster,
  skippedClasses: readonly SkippedClass[],
  paths: readonly string[],
): string {
  const place = paths.length === 0 ? "the cluster" : paths.join(", ");
  const remedy = paths.length === 0 ? "Check the context of the kubeconfig" : "Check the path";
  const [largestClass] = skippedClasses;
  if (!largestClass) return `Ingress not found in ${place}. ${remedy}`;
  const count = `${ingresses.length} of ${ingresses.length}`;
  return `no Ingress of the selected class in ${place}: ${count} have another class: ${formatSkippedClasses(skippedClasses)}. Use ${formatClassOptions(largestClass)}`;
}
