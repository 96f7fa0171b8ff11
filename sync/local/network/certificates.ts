import { createSecureContext, type SecureContext } from "node:tls";
import { generate } from "selfsigned";

/** PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
}

export interface CertificateStore {
  /** By host; "*.x" matches one more label. Replaces the earlier certificates. An invalid pair is skipped. */
  set(certificates: ReadonlyMap<string, Certificate>): void;
  /** Returns the most specific certificate for a name, or generates one. */
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
      const configuredContext = configuredContexts.get(name) ?? configuredContexts.get(name.replace(/^[^.]*/, "*"));
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
    return []; // unreadable, or the key does not match the certificate
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
