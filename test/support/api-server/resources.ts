/** A kind of object as one API version serves it. */
export interface Resource {
  /** "" is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** The status of a new object, where there is one: it is written through /status alone. */
  readonly status?: object;
  /** An update must name the version that it replaces. */
  readonly versioned?: boolean;
  /** An update of what isn't there creates it. */
  readonly upserts?: boolean;
}

const INGRESS = { plural: "ingresses", kind: "Ingress", namespaced: true, status: { loadBalancer: {} } };
const INGRESS_CLASS = { plural: "ingressclasses", kind: "IngressClass", namespaced: false };

/** What the server has unless it is told of more. */
export const RESOURCES: readonly Resource[] = [
  { group: "", version: "v1", plural: "namespaces", kind: "Namespace", namespaced: false, status: { phase: "Active" } },
  { group: "", version: "v1", plural: "services", kind: "Service", namespaced: true, status: { loadBalancer: {} } },
  { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true },
  { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
  { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true, upserts: true },
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
    versioned: true,
    upserts: true,
  },
];

/** "v1", or "networking.k8s.io/v1". */
export function groupVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** "services", or "ingresses.networking.k8s.io": what refusals call a resource. */
export function qualified({ group, plural }: Pick<Resource, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** What a request is about. */
export interface Target {
  readonly resource: Resource;
  /** Undefined for what has none, and for a list in all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: boolean;
}

const PATH = /^\/(?:api\/(?<core>[^/]+)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))\/(?<rest>.+)$/;

/** What `path` means to a server that has `resources`; undefined where it has no such thing. */
export function targetOf(path: string, resources: readonly Resource[]): Target | undefined {
  const { core, group = "", version = core, rest = "" } = PATH.exec(path)?.groups ?? {};
  const parts = rest.split("/").map(decodeURIComponent);
  const namespaced = parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status";
  const [plural, name, subresource, ...more] = namespaced ? parts.slice(2) : parts;
  const resource = resources.find(
    (one) => one.group === group && one.version === version && one.plural === plural && (one.namespaced || !namespaced),
  );
  if (!resource || more.length > 0) return undefined;
  if (resource.namespaced && !namespaced && name !== undefined) return undefined;
  if (subresource !== undefined && !(subresource === "status" && resource.status)) return undefined;
  return { resource, namespace: namespaced ? parts[1] : undefined, name, status: subresource !== undefined };
}

/** What a server that has `resources` says it serves; undefined where `path` asks for something else. */
export function discoveryOf(path: string, resources: readonly Resource[]): object | undefined {
  const served = [...new Set(resources.map(groupVersionOf))];
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") return groupsOf(served.filter((one) => one.includes("/")));
  const groupVersion = served.find((one) => path === (one.includes("/") ? `/apis/${one}` : `/api/${one}`));
  if (groupVersion === undefined) return undefined;
  const listed = resources.filter((one) => groupVersionOf(one) === groupVersion).flatMap(listingOf);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: listed };
}

/** Whether `path` is of a group that is served in some version: of others the server says nothing at all. */
export function isGroupKnown(path: string, resources: readonly Resource[]): boolean {
  const group = /^\/apis\/([^/]+)/.exec(path)?.[1] ?? "";
  return resources.some((one) => one.group === group);
}

function groupsOf(served: readonly string[]): object {
  const byGroup = Map.groupBy(served, (one) => one.slice(0, one.indexOf("/")));
  const groups = [...byGroup].map(([name, groupVersions]) => {
    const versions = groupVersions.map((groupVersion) => ({ groupVersion, version: groupVersion.split("/")[1] }));
    return { name, versions, preferredVersion: versions[0] };
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

function listingOf({ plural, kind, namespaced, status }: Resource): object[] {
  const common = { singularName: "", namespaced, kind };
  const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
  const whole = { name: plural, ...common, verbs };
  return status ? [whole, { name: `${plural}/status`, ...common, verbs: ["get", "patch", "update"] }] : [whole];
}
