import { isDeepStrictEqual } from "node:util";
import type { UploadedCertificate } from "../../cloudflare/certificates.ts";
import type { RegisteredCertificate } from "../hosts/registry.ts";
import type { WantedCertificate, WantedCertificates } from "./wanted-certificates.ts";

/** The changes of a zone's uploaded certificates. Each replaced and removed one is in the registry. */
export interface UploadPlan {
  readonly uploads: readonly WantedCertificate[];
  readonly replacements: readonly { readonly id: string; readonly wanted: WantedCertificate }[];
  readonly removals: readonly RegisteredCertificate[];
  /** The registry before the change: with the intended uploads. */
  readonly registry: readonly RegisteredCertificate[];
}

/**
 * Plans the uploads of a zone. Pure. A certificate carries no mark, so that only one in the registry is ours. An entry without
 * an id is from an interrupted upload: its certificate is found by its names and its expiry.
 */
export function planUploads(
  registered: readonly RegisteredCertificate[],
  uploaded: readonly UploadedCertificate[],
  { certificates: wanted, keptSecrets }: Pick<WantedCertificates, "certificates" | "keptSecrets">,
  graceMs: number,
  now: Date,
): UploadPlan {
  const takenIds = new Set(registered.map(({ id }) => id));
  const wantedBySecret = new Map(wanted.map((certificate) => [certificate.secret, certificate]));
  const entries = registered.flatMap((entry): RegisteredCertificate[] => {
    const certificate = wantedBySecret.get(entry.secret);
    const found = uploaded.find(({ id, hosts, expiresOn }) =>
      entry.id === null
        ? !takenIds.has(id) && isDeepStrictEqual(hosts.toSorted(), entry.hosts) && isSameTime(expiresOn, certificate)
        : id === entry.id,
    );
    return found ? [{ ...entry, id: found.id }] : [];
  });
  const usedSecrets = new Set([...wantedBySecret.keys(), ...keptSecrets]);
  const used = entries.filter(({ secret }) => usedSecrets.has(secret)).map(withoutUnused);
  const unused = entries
    .filter(({ secret }) => !usedSecrets.has(secret))
    .map((entry) => ({ ...entry, unusedSince: entry.unusedSince ?? now.toISOString() }));
  const secrets = new Set(used.map(({ secret }) => secret));
  const uploads = wanted.filter(({ secret }) => !secrets.has(secret));
  const since = now.toISOString();
  return {
    uploads,
    replacements: used.flatMap(({ id, secret, digest }) => {
      const certificate = wantedBySecret.get(secret);
      return id !== null && certificate && certificate.digest !== digest ? [{ id, wanted: certificate }] : [];
    }),
    removals: unused.filter(({ unusedSince }) => now.getTime() - Date.parse(unusedSince) >= graceMs),
    registry: [
      ...used,
      ...unused,
      ...uploads.map(({ secret, digest, hosts }) => ({ id: null, since, secret, digest, hosts: [...hosts] })),
    ],
  };
}

function isSameTime(expiresOn: string | undefined, certificate: WantedCertificate | undefined): boolean {
  return certificate !== undefined && Date.parse(expiresOn ?? "") === Date.parse(certificate.expiresOn);
}

function withoutUnused({ unusedSince: _, ...entry }: RegisteredCertificate): RegisteredCertificate {
  return entry;
}
