import {
  type Cluster,
  nameOf,
  type Reference,
  type ReferenceGrant,
  type Secret,
} from "../../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../../collect/gateway/gateway-fields.ts";
import type { Gateway, ListenerTls } from "../../../collect/gateway/gateway-model.ts";
import type { TargetReference } from "../../../collect/gateway/http-route-model.ts";
import type { ConditionProblem, ListenerSecret } from "../judged-gateways.ts";
import { isReferenceGranted } from "../reference-grants.ts";

/** The option of `tls` for a certificate that Cloudflare has. */
const CERTIFICATE_OPTION = "edgress.dev/certificate";
const CLOUDFLARE = "cloudflare";
const CERTIFICATE_LABELS = ["CERTIFICATE"];
const KEY_LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
// Certificates and keys are ASN.1 sequences, whose base64 text starts with M.
const SEQUENCE = /^M[A-Za-z0-9+/]+={0,2}$/;

/** The object that has a listener. */
export interface ListenerOwner {
  readonly group: string;
  readonly kind: "Gateway" | "ListenerSet";
  readonly namespace: string;
  readonly name: string;
}

/** The objects that certificates of listeners depend on. */
export interface CertificateSources extends Pick<Cluster, "unreadableReferences" | "certificates"> {
  readonly findSecret: (namespace: string, name: string) => Secret | undefined;
  readonly referenceGrants: readonly ReferenceGrant[];
}

export interface CertificateVerdict {
  readonly unresolved?: ConditionProblem;
  /** The listener names no certificate. */
  readonly unconfigured?: ConditionProblem;
  /** Whether at least one certificate is usable. */
  readonly isUsable: boolean;
  /** The Secrets that the listener refers to and may read. */
  readonly secrets: readonly ListenerSecret[];
}

/** Judges the certificates of an HTTPS listener. The first problem counts; another usable certificate is enough. */
export function judgeCertificates(
  tls: ListenerTls | undefined,
  owner: ListenerOwner,
  sources: CertificateSources,
): CertificateVerdict {
  const references = tls?.certificateRefs ?? [];
  if (references.length === 0) return judgeOption(tls?.options[CERTIFICATE_OPTION]);
  const judged = references.map((reference) => ({ reference, problem: findProblem(reference, owner, sources) }));
  const unresolved = judged.find(({ problem }) => problem !== undefined)?.problem;
  const secrets = judged
    .filter(({ reference: { group, kind }, problem }) => {
      return group === "" && kind === "Secret" && problem?.reason !== "RefNotPermitted";
    })
    .map(({ reference: { namespace = owner.namespace, name }, problem }) => {
      return { name: nameOf({ namespace, name }), isUsable: problem === undefined };
    });
  return { ...(unresolved && { unresolved }), isUsable: judged.some(({ problem }) => !problem), secrets };
}

/** Returns the Secrets that the listeners of an object refer to and may read. */
export function listGrantedSecrets(
  kind: ListenerOwner["kind"],
  { namespace, listeners }: Pick<Gateway, "namespace" | "listeners">,
  grants: readonly ReferenceGrant[],
): readonly Reference[] {
  const from = { group: GATEWAY_GROUP, kind, namespace };
  return listeners
    .flatMap(({ tls }) => tls?.certificateRefs ?? [])
    .filter((reference) => reference.group === "" && reference.kind === "Secret")
    .map(({ name, namespace: target = namespace }) => ({ kind: "Secret" as const, namespace: target, name }))
    .filter((secret) => isReferenceGranted(grants, { from, to: { group: "", ...secret } }));
}

function judgeOption(option: string | undefined): CertificateVerdict {
  if (option === CLOUDFLARE) return { isUsable: true, secrets: [] };
  const problem = option === undefined ? "the listener has no certificate" : `unknown certificate option "${option}"`;
  const remedy = `set tls.certificateRefs, or tls.options["${CERTIFICATE_OPTION}"]: ${CLOUDFLARE}`;
  return { unconfigured: { reason: "InvalidTLSConfig", message: problem, remedy }, isUsable: false, secrets: [] };
}

function findProblem(
  { group, kind, name, namespace }: TargetReference,
  owner: ListenerOwner,
  sources: CertificateSources,
): ConditionProblem | undefined {
  if (group !== "" || kind !== "Secret") {
    return invalid(`${kind} ${name} of group "${group}" is not a Secret`, "refer to a Secret");
  }
  const target = { group, kind, namespace: namespace ?? owner.namespace, name };
  if (!isReferenceGranted(sources.referenceGrants, { from: owner, to: target })) {
    const message = `no ReferenceGrant allows Secret ${target.namespace}/${name}`;
    return { reason: "RefNotPermitted", message, remedy: `create one in namespace ${target.namespace}` };
  }
  return findSecretProblem(target, sources);
}

function invalid(problem: string, remedy: string): ConditionProblem {
  return { reason: "InvalidCertificateRef", message: `tls.certificateRefs: ${problem}`, remedy };
}

function findSecretProblem(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { findSecret, unreadableReferences, certificates }: CertificateSources,
): ConditionProblem | undefined {
  const secret = findSecret(namespace, name);
  if (secret !== undefined) {
    const { "tls.crt": certificate = "", "tls.key": key = "" } = secret.data;
    const isValid = hasPemBlock(certificate, CERTIFICATE_LABELS) && hasPemBlock(key, KEY_LABELS);
    if (isValid) return undefined;
    return invalid(`Secret ${namespace}/${name} has no PEM certificate and key`, "set tls.crt and tls.key");
  }
  const unreadable = unreadableReferences.find(
    (reference) => reference.kind === "Secret" && reference.namespace === namespace && reference.name === name,
  );
  if (unreadable !== undefined) {
    return invalid(`Secret ${namespace}/${name} is unreadable: ${unreadable.problem}`, "let the controller read it");
  }
  return certificates === "unknown" ? undefined : invalid(`Secret ${namespace}/${name} not found`, "create it");
}

/** Whether a text has a PEM block with one of the labels (RFC 7468). */
function hasPemBlock(text: string, labels: readonly string[]): boolean {
  return labels.some((label) => {
    const [, block] = text.split(`-----BEGIN ${label}-----`);
    const end = block?.indexOf(`-----END ${label}-----`) ?? -1;
    return block !== undefined && end >= 0 && SEQUENCE.test(block.slice(0, end).replaceAll(/\s/g, ""));
  });
}
