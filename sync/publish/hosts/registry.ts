import * as z from "zod";

/** Prefix of the keys of the registry, one per zone. */
export const HOST_REGISTRY_PREFIX = "registry/hosts/";

/** Raise this if an older controller would misread a newer registry. */
const REGISTRY_FORMAT = 1;

const Time = z.iso.datetime();

const Entry = z.strictObject({
  id: z.nullable(z.string()), // null: it is being created
  since: Time,
  unusedSince: z.optional(Time),
});

/** A DNS record that edgress created. */
export const RegisteredRecord = Entry.extend({ name: z.string() });
export type RegisteredRecord = Readonly<z.infer<typeof RegisteredRecord>>;

/** A Workers route that edgress created. */
export const RegisteredRoute = Entry.extend({ pattern: z.string(), script: z.string() });
export type RegisteredRoute = Readonly<z.infer<typeof RegisteredRoute>>;

/** A certificate that edgress uploaded. */
export const RegisteredCertificate = Entry.extend({
  secret: z.string(), // "namespace/name"
  digest: z.string(), // SHA-256 of the certificate, hex; never of the key
  hosts: z.array(z.string()),
});
export type RegisteredCertificate = Readonly<z.infer<typeof RegisteredCertificate>>;

const StoredRegistry = z.strictObject({
  format: z.literal(REGISTRY_FORMAT),
  kvNamespaceId: z.string(), // so that it is invalid in another namespace
  zone: z.string(), // the id of the zone
  zoneName: z.string(),
  records: z.array(RegisteredRecord),
  routes: z.array(RegisteredRoute),
  certificates: z.array(RegisteredCertificate),
});

/** The records, routes and certificates of one zone that edgress created. Routes carry no other mark. */
export interface ZoneRegistry {
  readonly records: readonly RegisteredRecord[];
  readonly routes: readonly RegisteredRoute[];
  readonly certificates: readonly RegisteredCertificate[];
}

export const EMPTY_REGISTRY: ZoneRegistry = { records: [], routes: [], certificates: [] };

/** Returns the key of the registry of a zone. */
export function hostRegistryKey(zoneId: string): string {
  return `${HOST_REGISTRY_PREFIX}${zoneId}`;
}

/** Returns the text of a registry, to be signed. */
export function serializeRegistry(
  { records, routes, certificates }: ZoneRegistry,
  zone: { readonly id: string; readonly name: string },
  kvNamespaceId: string,
): string {
  const stored: z.infer<typeof StoredRegistry> = {
    format: REGISTRY_FORMAT,
    kvNamespaceId,
    zone: zone.id,
    zoneName: zone.name,
    records: [...records],
    routes: [...routes],
    certificates: certificates.map((certificate) => ({ ...certificate })),
  };
  return JSON.stringify(stored);
}

/** A registry, with the zone that it belongs to. */
export interface StoredZoneRegistry extends ZoneRegistry {
  readonly zone: { readonly id: string; readonly name: string };
}

/** Parses the verified text of a registry. Undefined if it belongs to another namespace or is unreadable. */
export function parseRegistry(text: string | undefined, kvNamespaceId: string): StoredZoneRegistry | undefined {
  const result = text === undefined ? undefined : StoredRegistry.safeParse(JSON.parse(text));
  if (!result?.success || result.data.kvNamespaceId !== kvNamespaceId) return undefined;
  const { zone, zoneName, records, routes, certificates } = result.data;
  return { zone: { id: zone, name: zoneName }, records, routes, certificates };
}
