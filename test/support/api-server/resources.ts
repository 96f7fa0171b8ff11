/** A kind of object in one API version. */
export interface ApiResource {
  /** "" is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** The initial status, if the kind has one. Only /status can change it. */
  readonly status?: object;
  /** Whether an update must set resourceVersion. */
  readonly requiresResourceVersion?: boolean;
  /** Whether an update of a missing object creates it. */
  readonly createsOnUpdate?: boolean;
}

const INGRESS = { plural: "ingresses", kind: "Ingress", namespaced: true, status: { loadBalancer: {} } };
const INGRESS_CLASS = { plural: "ingressclasses", kind: "IngressClass", namespaced: false };

/** The default resources. */
export const RESOURCES: readonly ApiResource[] = [
  { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false, status: { phase: "Active" } },
  { group: "", version: "v1", plural: "services", kind: "Service", namespaced: true, status: { loadBalancer: {} } },
  { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true },
  { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
  { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true, createsOnUpdate: true },
  {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    namespaced: false,
  },
  { group: "networking.k8s.io", version: "v1", ...INGRESS },
  { group: "networking.k8s.io", version: "v1", ...INGRESS_CLASS },
  { group: "networking.k8s.io", version: "v1beta1", ...INGRESS },
  { group: "networking.k8s.io", version: "v1beta1", ...INGRESS_CLASS },
  { group: "extensions", version: "v1beta1", ...INGRESS },
  {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    namespaced: true,
    requiresResourceVersion: true,
    createsOnUpdate: true,
  },
];

/** "v1", or "networking.k8s.io/v1". */
export function formatGroupVersion({ group, version }: Pick<ApiResource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** "services", or "ingresses.networking.k8s.io": its name in error messages. */
export function formatGroupResource({ group, plural }: Pick<ApiResource, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** The object or collection that a request names. */
export interface RequestTarget {
  readonly resource: ApiResource;
  /** Undefined for cluster-scoped objects, and for a list of all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: boolean;
}

const PATH = /^\/(?:api\/(?<core>[^/]+)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))\/(?<rest>.+)$/;

/** Parses a path. Returns undefined if it names none of `resources`. */
export function parseRequestTarget(path: string, resources: readonly ApiResource[]): RequestTarget | undefined {
  const { core, group = "", version = core, rest = "" } = PATH.exec(path)?.groups ?? {};
  const parts = rest.split("/").map(decodeURIComponent);
  const namespaced = parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status";
  const [plural, name, subresource, ...extraParts] = namespaced ? parts.slice(2) : parts;
  const resource = resources.find(
    (candidate) =>
      candidate.group === group &&
      candidate.version === version &&
      candidate.plural === plural &&
      (candidate.namespaced || !namespaced),
  );
  if (!resource || extraParts.length > 0) return undefined;
  if (resource.namespaced && !namespaced && name !== undefined) return undefined;
  if (subresource !== undefined && !(subresource === "status" && resource.status)) return undefined;
  return { resource, namespace: namespaced ? parts[1] : undefined, name, status: subresource !== undefined };
}

/** Returns the discovery document at `path`. Returns undefined for other paths. */
export function findDiscoveryDocument(path: string, resources: readonly ApiResource[]): object | undefined {
  const servedVersions = [...new Set(resources.map(formatGroupVersion))];
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") return buildGroupList(servedVersions.filter((version) => version.includes("/")));
  const groupVersion = servedVersions.find(
    (version) => path === (version.includes("/") ? `/apis/${version}` : `/api/${version}`),
  );
  if (groupVersion === undefined) return undefined;
  const entries = resources
    .filter((resource) => formatGroupVersion(resource) === groupVersion)
    .flatMap(buildResourceEntries);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: entries };
}

/** Whether the group of `path` is served in some version. For other groups the server has no Status response. */
export function isGroupServed(path: string, resources: readonly ApiResource[]): boolean {
  const group = /^\/apis\/([^/]+)/.exec(path)?.[1] ?? "";
  return resources.some((resource) => resource.group === group);
}

function buildGroupList(servedVersions: readonly string[]): object {
  const byGroup = Map.groupBy(servedVersions, (version) => version.slice(0, version.indexOf("/")));
  const groups = [...byGroup].map(([name, groupVersions]) => {
    const versions = groupVersions.map((groupVersion) => ({ groupVersion, version: groupVersion.split("/")[1] }));
    return { name, versions, preferredVersion: versions[0] };
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

function buildResourceEntries({ plural, kind, namespaced, status }: ApiResource): object[] {
  const sharedFields = { singularName: "", namespaced, kind };
  const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
  const entry = { name: plural, ...sharedFields, verbs };
  return status ? [entry, { name: `${plural}/status`, ...sharedFields, verbs: ["get", "patch", "update"] }] : [entry];
}
