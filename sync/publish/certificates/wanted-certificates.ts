import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { CertificateWithKey } from "../../cloudflare/certificates.ts";
import { nameOf, type Secret } from "../../collect/cluster-model.ts";
import { splitPemCertificates } from "../../runtime/pem-certificates.ts";
import type { HostIssue } from "../hosts/model.ts";
import { type CertificateUsers, listSecretUses, type SecretUse } from "./secret-uses.ts";

/** The certificate of a Secret in `spec.tls` or of a listener, to be uploaded. */
export interface WantedCertificate {
  readonly secret: string; // "namespace/name"
  /** The Ingresses ("namespace/name"), Gateways ("Gateway namespace/name") and ListenerSets that name the Secret. */
  readonly ingresses: readonly string[];
  readonly hosts: readonly string[]; // its names, sorted
  readonly digest: string; // SHA-256 of the certificate, hex
  readonly expiresOn: string;
  readonly pair: CertificateWithKey;
}

/** The certificates of `spec.tls` and of listeners. */
export interface WantedCertificates {
  readonly certificates: readonly WantedCertificate[];
  /** Secrets that are unreadable or invalid now. Their uploaded certificates stay. */
  readonly keptSecrets: readonly string[];
  readonly issues: readonly HostIssue[];
}

/**
 * Reads the certificates of `spec.tls` and of listeners. Each name of a certificate must be allowed by the Ingresses and
 * listeners of its Secret: a certificate serves the whole zone, so that a namespace cannot replace that of another one.
 */
export function readWantedCertificates(
  compilation: CertificateUsers,
  secrets: readonly Secret[],
  publishedHosts: readonly HostRules[],
  now: Date,
): WantedCertificates {
  const secretsByName = new Map(secrets.map((secret) => [nameOf(secret), secret]));
  const uses = listSecretUses(compilation, publishedHosts);
  const results = [...Map.groupBy(uses, ({ secret }) => secret)].map(([name, group]) => {
    const parsed = parseSecret(name, secretsByName.get(name), group, now);
    const owners = [...new Set(group.map(({ owner }) => owner))];
    return { name, hosts: group.flatMap(({ hosts }) => hosts), parsed, ingresses: owners };
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
  const remedy = "correct the Secret, or the hosts of its Ingress or listener; the next sync tries it again";
  return { host, reason: "CertificateNotUploaded", problem, remedy, ingresses };
}

type ParsedSecret = Omit<WantedCertificate, "ingresses"> | { readonly problem: string };

function parseSecret(name: string, secret: Secret | undefined, uses: readonly SecretUse[], now: Date): ParsedSecret {
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
    const foreign = names.find((pattern) => !uses.some(({ allows }) => allows(pattern)));
    if (foreign !== undefined) return { problem: describeForeignName(name, foreign, uses) };
    const digest = createHash("sha256").update(leaf.raw).digest("hex");
    const expiresOn = new Date(leaf.validTo).toISOString();
    return { secret: name, hosts: names, digest, expiresOn, pair: { certificate: `${certificate}\n`, privateKey } };
  } catch {
    return { problem: `Secret ${name}: tls.crt or tls.key is unreadable` };
  }
}

function describeForeignName(secret: string, foreign: string, uses: readonly SecretUse[]): string {
  const kinds = new Set(uses.map(({ owner }) => (owner.includes(" ") ? "listener" : "Ingress")));
  return `Secret ${secret}: the certificate has the name ${foreign}, which no host of the ${[...kinds].join(" or ")} has`;
}

function readNames({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4)] : []));
  return names.map((name) => name.toLowerCase()).toSorted();
}
