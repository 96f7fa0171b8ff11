import { createSecureContext, type SecureContext } from "node:tls";
import { generate } from "selfsigned";
import { listHostCandidates } from "../../../src/rules/hosts.ts";

/** PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
}

export interface CertificateStore {
  /** Replaces all certificates, by host as in rules: "*.x" matches one label, "**.x" any number. A broken pair is skipped. */
  set(certificates: ReadonlyMap<string, Certificate>): void;
  /** Returns the configured certificate of the name, else a self-signed one. */
  contextFor(serverName: string): Promise<SecureContext>;
}

/** Creates the certificates of the local edge. */
export function createCertificateStore(): CertificateStore {
  const generatedContexts = new Map<string, Promise<SecureContext>>();
  let configuredContexts = new Map<string, SecureContext>();
  return {
    set(certificates) {
      configuredContexts = new Map(
        [...certificates].flatMap(([host, pair]) => createContextEntry(host.toLowerCase(), pair)),
      );
    },
    async contextFor(serverName) {
      const name = serverName.toLowerCase();
      const [configuredContext] = listHostCandidates(name).flatMap((host) => configuredContexts.get(host) ?? []);
      if (configuredContext) return configuredContext;
      const generatedContext = generatedContexts.get(name) ?? generateCertificate(name).then(createSecureContext);
      generatedContexts.set(name, generatedContext);
      return await generatedContext;
    },
  };
}

function createContextEntry(host: string, { key, cert }: Certificate): [string, SecureContext][] {
  try {
    return [[host, createSecureContext({ key, cert })]];
  } catch {
    return []; // unreadable, or key and certificate do not belong together
  }
}

/** Generates a self-signed certificate for one name. */
export async function generateCertificate(name: string): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: "commonName", value: name.slice(0, 64) }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: name }] },
    ],
  });
  return { key, cert };
}
