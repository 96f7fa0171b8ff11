import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type ConfigMap, type IngressClass, nameOf, type Secret } from "../../collect/cluster-model.ts";
import { compile } from "../../compile/compile.ts";
import { readGatewayController } from "../../compile/gateway/read-gateways.ts";
import type { Options } from "../../compile/options.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { addAssumedParents, listNeededParents } from "./assumed-gateways.ts";
import { buildAssumedService, listNeededServices } from "./needed-services.ts";
import { ASSUMED_SOURCE, type LookUpObject, type ObjectName } from "./object-lookup.ts";
import { selectOwnGatewayObjects } from "./own-gateway-objects.ts";

/** A cluster with assumed objects, and their names. */
export interface CompletedCluster {
  readonly cluster: Cluster;
  /** Sorted by kind and name. */
  readonly uncheckedObjects: readonly ObjectName[];
}

/**
 * Adds the objects that the selected Ingresses and HTTPRoutes need: those that `lookUp` finds, and assumed ones if it does
 * not know. TLS Secrets of Ingresses are not needed, because Cloudflare has the certificates.
 */
export async function completeCluster(
  givenCluster: Cluster,
  options: Options,
  lookUp: LookUpObject,
): Promise<CompletedCluster> {
  const parents = await addMissingParents(givenCluster, options, lookUp);
  const { cluster } = parents;
  const classes = await lookUpMissing(listNeededClasses(cluster, options), cluster, lookUp);
  const services = listNeededServices(cluster, options);
  const missingServices = await lookUpMissing([...services.values()], cluster, lookUp);
  const assumedServices = missingServices.available.map((service) =>
    buildAssumedService(service, services.get(nameOf(service))?.ports ?? [], options.permits.origins),
  );
  const withServices: Cluster = {
    ...cluster,
    classes: [...cluster.classes, ...classes.available.map(({ name }) => buildAssumedClass(name, options.controller))],
    services: [...cluster.services, ...assumedServices],
  };
  const { references } = compile(withServices, options);
  const missingReferences = await lookUpMissing(references, withServices, lookUp);
  const { secrets, configMaps } = withServices;
  return {
    cluster: {
      ...withServices,
      secrets: [...secrets, ...missingReferences.available.filter(isKind("Secret")).map(buildAssumedSecret)],
      configMaps: [
        ...configMaps,
        ...missingReferences.available.filter(isKind("ConfigMap")).map(buildAssumedConfigMap),
      ],
    },
    // An IngressClass is not listed, because its name alone selects an Ingress.
    uncheckedObjects: [parents.missing, missingServices, missingReferences].flatMap(({ unchecked }) => unchecked),
  };
}

/** Adds the Gateways and the GatewayClass that may exist. */
async function addMissingParents(givenCluster: Cluster, options: Options, lookUp: LookUpObject) {
  const controller = readGatewayController(options);
  const { gateway } = givenCluster;
  const neededParents = listNeededParents(selectOwnGatewayObjects(gateway, controller), gateway);
  const missing = await lookUpMissing(neededParents, givenCluster, lookUp);
  const cluster: Cluster = {
    ...givenCluster,
    gateway: addAssumedParents(gateway, missing.available, controller),
    certificates: "of-listeners",
  };
  return { cluster, missing };
}

interface LookedUpObjects {
  readonly available: readonly (ObjectName & { readonly configMap?: ConfigMap })[];
  readonly unchecked: readonly ObjectName[];
}

/** Looks up the objects that a cluster lacks. An invalid object is not looked up: another finding is about it. */
async function lookUpMissing(
  objects: readonly ObjectName[],
  cluster: Cluster,
  lookUp: LookUpObject,
): Promise<LookedUpObjects> {
  const knownNames = new Set([
    ...cluster.classes.map(({ name }) => `IngressClass /${name}`),
    ...cluster.services.map((service) => `Service ${nameOf(service)}`),
    ...cluster.secrets.map((secret) => `Secret ${nameOf(secret)}`),
    ...cluster.configMaps.map((configMap) => `ConfigMap ${nameOf(configMap)}`),
    ...cluster.invalidObjects.map((object) => `${object.kind} ${nameOf(object)}`),
  ]);
  const missingObjects = objects
    .filter((object) => !knownNames.has(`${object.kind} ${nameOf(object)}`))
    .toSorted((a, b) => compareText(`${a.kind} ${nameOf(a)}`, `${b.kind} ${nameOf(b)}`));
  const entries = await Promise.all(missingObjects.map(async (object) => ({ object, found: await lookUp(object) })));
  return {
    available: entries.flatMap(({ object, found }) => {
      if (found.state === "missing") return [];
      return [found.state === "exists" && found.configMap ? { ...object, configMap: found.configMap } : object];
    }),
    unchecked: entries
      .filter(({ found }) => found.state === "unknown")
      .map(({ object: { kind, namespace, name } }) => ({ kind, namespace, name })),
  };
}

/** Returns the class that Ingresses name, if they select it by its name only. */
function listNeededClasses(cluster: Cluster, options: Options): ObjectName[] {
  const isNamed = selectIngresses(cluster, options).some(({ className }) => className === options.ingressClass);
  return isNamed ? [{ kind: "IngressClass", namespace: "", name: options.ingressClass }] : [];
}

function buildAssumedClass(name: string, controller: string): IngressClass {
  return { name, source: ASSUMED_SOURCE, controller, isDefault: false, parameters: undefined };
}

/** Contains every key that an object may need: users, a certificate authority, and the certificate of a listener. */
function buildAssumedSecret({ namespace, name }: ObjectName): Secret {
  const listenerData = { "tls.crt": buildPemBlock("CERTIFICATE"), "tls.key": buildPemBlock("PRIVATE KEY") };
  const data = { auth: "user:{SHA}", "ca.crt": "", ...listenerData };
  return { namespace, name, source: ASSUMED_SOURCE, type: undefined, data };
}

function buildPemBlock(label: string): string {
  return `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`;
}

function buildAssumedConfigMap({ namespace, name, configMap }: LookedUpObjects["available"][number]): ConfigMap {
  return configMap ?? { namespace, name, source: ASSUMED_SOURCE, data: {} };
}

function isKind(kind: ObjectName["kind"]) {
  return (object: ObjectName) => object.kind === kind;
}
