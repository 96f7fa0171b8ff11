import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { CertificateWithKey } from "../../cloudflare/certificates.ts";
import { type Ingress, nameOf, type Secret } from "../../collect/cluster-model.ts";
import { splitPemCertificates } from "../../runtime/pem-certificates.ts";
import type { HostIssue } from "../hosts/model.ts";
import { parseNamespace } from "../route-id.ts";
import { certificateCovers } from "./coverage.ts";

/** The certificate of a Secret in `spec.tls`, to be uploaded. */
export interface WantedCertificate {
  readonly secret: string; // "namespace/name"
  readonly ingresses: readonly string[];
  readonly hosts: readonly string[]; // its names, sorted
  readonly digest: string; // SHA-256 of the certificate, hex
  readonly expiresOn: string;
  readonly pair: CertificateWithKey;
}

/** The certificates of `spec.tls`. */
export interface WantedCertificates {
  readonly certificates: readonly WantedCertificate[];
  /** Secrets that are unreadable or invalid now. Their uploaded certificates stay. */
  readonly keptSecrets: readonly string[];
  readonly issues: readonly HostIssue[];
}

/**
 * Reads the certificates of `spec.tls`. Each name of a certificate must be, or cover, a host of the Ingress that its namespace
 * serves: a certificate serves the whole zone, so that a namespace cannot replace that of another one.
 */
export function readWantedCertificates(
  ingresses: ReadonlyMap<string, Ingress>,
  secrets: readonly Secret[],
  publishedHosts: readonly HostRules[],
  now: Date,
): WantedCertificates {
  const secretsByName = new Map(secrets.map((secret) => [nameOf(secret), secret]));
  const servedHosts = new Set(
    publishedHosts.flatMap(({ host, routes }) => routes.map(({ id }) => `${parseNamespace(id)} ${host}`)),
  );
  const uses = [...ingresses.values()].flatMap((ingress) =>
    ingress.tls.flatMap(({ secretName, hosts }) =>
      secretName === undefined ? [] : [{ ingress, hosts, secret: `${ingress.namespace}/${secretName}` }],
    ),
  );
  const results = [...Map.groupBy(uses, ({ secret }) => secret)].map(([name, group]) => {
    const hosts = group.flatMap((use) => use.hosts.map((host) => host.toLowerCase()));
    const served = hosts.filter((host) => servedHosts.has(`${name.split("/", 1)[0]} ${host}`));
    const parsed = parseSecret(name, secretsByName.get(name), served, now);
    const ingressNames = [...new Set(group.map(({ ingress }) => nameOf(ingress)))];
    return { name, hosts, parsed, ingresses: ingressNames };
  });
  return {
    certificates: results.flatMap(({ parsed, ingresses }) => ("problem" in parsed ? [] : [{ ...parsed, ingresses }])),
    keptSecrets: results.flatMap(({ name, parsed }) => ("problem" in parsed ? [name] : [])),
    issues: results.flatMap(({ hosts, parsed, ingresses }) =>
      "problem" in parsed ? hosts.slice(0, 1).map((host) => buildUploadIssue(host, parsed.problem, ingresses)) : [],
    ),
  };
}

/** Returns the issue of a certificate that was not uploaded. */
export function buildUploadIssue(host: string, problem: string, ingresses: readonly string[]): HostIssue {
  const remedy = "correct the Secret or the Ingress; the next sync tries it again";
  return { host, reason: "CertificateNotUploaded", problem, remedy, ingresses };
}

type ParsedSecret = Omit<WantedCertificate, "ingresses"> | { readonly problem: string };

function parseSecret(name: string, secret: Secret | undefined, hosts: readonly string[], now: Date): ParsedSecret {
  if (!secret) return { problem: `Secret ${name} is not found or not readable` };
  const [certificate] = splitPemCertificates(secret.data["tls.crt"] ?? "");
  const privateKey = secret.data["tls.key"] ?? "";
  if (certificate === undefined || privateKey === "") return { problem: `Secret ${name} has no tls.crt or no tls.key` };
  try {
    const leaf = new X509Certificate(certificate);
    // The text of an error may contain a part of the key, so it is not shown.
    if (!leaf.checkPrivateKey(createPrivateKey(privateKey)))
      return { problem: `Secret ${name}: tls.key is of another certificate` };
    if (new Date(leaf.validTo) <= now) return { problem: `Secret ${name}: the certificate expired at ${leaf.validTo}` };
    const names = readNames(leaf);
    const foreign = names.find((pattern) => !hosts.some((host) => certificateCovers(pattern, host)));
    if (foreign !== undefined)
      return { problem: `Secret ${name}: the certificate has the name ${foreign}, which no host of the Ingress has` };
    const digest = createHash("sha256").update(leaf.raw).digest("hex");
    const expiresOn = new Date(leaf.validTo).toISOString();
    return { secret: name, hosts: names, digest, expiresOn, pair: { certificate: `${certificate}\n`, privateKey } };
  } catch {
    return { problem: `Secret ${name}: tls.crt or tls.key is unreadable` };
  }
}

function readNames({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4)] : []));
  return names.map((name) => name.toLowerCase()).toSorted();
}
