import { stringify } from "yaml";
import * as z from "zod";
import { EDGE_IPV4_RANGES } from "../../../src/rules/cloudflare-ranges.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { RawObject } from "../../collect/parse-objects.ts";
import { findTargetPort } from "../../compile/backends/service-remedies.ts";
import type { ServiceNeed } from "./service-needs.ts";

/** A manifest to review and apply. */
export interface ServiceManifest {
  readonly fileName: string;
  readonly text: string;
}

const RawPort = z.looseObject({ name: z.string().optional(), port: z.number() });
const RawService = z.looseObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.looseObject({ ports: z.array(RawPort).optional() }),
});
type RawService = z.infer<typeof RawService>;

const APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
const SCHEMES = ["http", "https"] as const;
/** A second Service that gets the address of a headless one. */
const EDGE_SUFFIX = "-edge";

/**
 * Returns a manifest for each Service that a change of type or a further port makes reachable. An ExternalName Service
 * gets none. Only Cloudflare may connect to a new load balancer, because others would bypass the edge's guards.
 */
export function buildServiceManifests(
  needs: readonly ServiceNeed[],
  rawObjects: readonly RawObject[],
): ServiceManifest[] {
  const rawServices = rawObjects.flatMap(listItems).flatMap((object) => RawService.safeParse(object).data ?? []);
  return needs.flatMap((need) => {
    const rawService = rawServices.find(({ metadata: { namespace = "default", name } }) => {
      return nameOf({ namespace, name }) === nameOf(need.service);
    });
    if (!rawService || need.service.type === "ExternalName") return [];
    const manifest = buildManifest(need, rawService);
    const { namespace, name } = need.service;
    return [
      { fileName: `${namespace}.${name}.yaml`, text: `${buildHeader(need)}${stringify(manifest, { lineWidth: 0 })}` },
    ];
  });
}

function listItems({ object }: RawObject): unknown[] {
  const items = z.looseObject({ items: z.array(z.unknown()) }).safeParse(object).data?.items;
  return items ?? [object];
}

function buildManifest({ service, needsAddress, unproxiedPorts }: ServiceNeed, { metadata, spec }: RawService): object {
  const createsSecond = needsAddress && service.isHeadless;
  const { clusterIP: _, clusterIPs: __, ...specWithoutAddress } = spec;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== APPLIED_ANNOTATION);
  const isPending = service.type === "LoadBalancer";
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      namespace: service.namespace,
      name: createsSecond ? service.name + EDGE_SUFFIX : service.name,
      ...(metadata.labels && { labels: metadata.labels }),
      ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    },
    spec: {
      ...(needsAddress ? specWithoutAddress : spec),
      ...(needsAddress && !isPending && { type: "LoadBalancer", loadBalancerSourceRanges: [...EDGE_IPV4_RANGES] }),
      ports: addPorts(service, unproxiedPorts, spec.ports ?? []),
    },
  };
}

/** Adds a proxied port for each port that Cloudflare does not proxy. Several ports need names. */
function addPorts(
  service: ServiceNeed["service"],
  unproxiedPorts: ServiceNeed["unproxiedPorts"],
  rawPorts: readonly z.infer<typeof RawPort>[],
): object[] {
  const addedPorts = SCHEMES.flatMap((scheme) => {
    const targets = unproxiedPorts
      .filter((port) => port.scheme === scheme)
      .map((port) => findTargetPort(port.servicePort));
    const freePorts = PROXIED_PORTS[scheme].filter((port) => !service.ports.some((other) => other.port === port));
    return [...new Set(targets)].flatMap((targetPort, index) => {
      const port = freePorts[index];
      return port === undefined ? [] : [{ name: `edge-${port}`, port, targetPort }];
    });
  });
  if (addedPorts.length === 0) return [...rawPorts];
  return [...rawPorts.map((port) => ({ ...port, name: port.name ?? `port-${port.port}` })), ...addedPorts];
}

/** Formats objects: `Ingress shop/cart, shop/web and HTTPRoute shop/api`. */
function formatUsers(users: readonly string[]): string {
  const lists = ["Ingress ", "HTTPRoute "].flatMap((kind) => {
    const names = users.filter((user) => user.startsWith(kind)).map((user) => user.slice(kind.length));
    return names.length === 0 ? [] : [kind + names.join(", ")];
  });
  return lists.join(" and ");
}

function buildHeader({ service, needsAddress, users }: ServiceNeed): string {
  const edgeName = service.name + EDGE_SUFFIX;
  const lines = [
    `Written by edgress lint for ${formatUsers(users)}. Review it, then run kubectl apply.`,
    ...(needsAddress
      ? [
          "Only Cloudflare's IPv4 addresses may connect. Add its IPv6 ranges if the load balancer has IPv6.",
          "Each load balancer may have a price. The Service's other ports become public for Cloudflare too.",
        ]
      : []),
    ...(needsAddress && service.isHeadless
      ? [`Then set ${edgeName} as the Service in the ${users[0]?.split(" ")[0]}.`]
      : []),
  ];
  return lines.map((line) => `# ${line}\n`).join("");
}
