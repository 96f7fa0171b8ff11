import { createSecureContext, type SecureContext } from "node:tls";
import { generate } from "selfsigned";

/** PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
}

export interface Certificates {
  /** By host; "*.x" stands for one more label. Replaces what was set before. A pair that is broken is left out. */
  set(given: ReadonlyMap<string, Certificate>): void;
  /** The given certificate that fits best, else one made here for that name. */
  contextFor(serverName: string): Promise<SecureContext>;
}

/** The certificates of the local edge. */
export function startCertificates(): Certificates {
  const made = new Map<string, Promise<SecureContext>>();
  let given = new Map<string, SecureContext>();
  return {
    set(certificates) {
      given = new Map([...certificates].flatMap(([host, pair]) => usable(host.toLowerCase(), pair)));
    },
    async contextFor(serverName) {
      const name = serverName.toLowerCase();
      const fitting = given.get(name) ?? given.get(name.replace(/^[^.]*/, "*"));
      if (fitting) return fitting;
      const known = made.get(name) ?? makeCertificate(name).then(createSecureContext);
      made.set(name, known);
      return await known;
    },
  };
}

function usable(host: string, { key, cert }: Certificate): [string, SecureContext][] {
  try {
    return [[host, createSecureContext({ key, cert })]];
  } catch {
    return []; // unreadable, or key and certificate do not belong together
  }
}

/** Makes a certificate for one name, signed by itself. */
export async function makeCertificate(name: string): Promise<Certificate> {
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
