import { generate } from "selfsigned";
import { type ApiReply, deriveId } from "../../../sync/local/account/api-types.ts";
import type { CertificateZone } from "../../../sync/local/account/certificates/certificate-zones.ts";
import { createCertificatesApi } from "../../../sync/local/account/certificates/certificates-api.ts";
import { createTokenStore } from "../../../sync/local/account/tokens/token-store.ts";

/** The certificate endpoints of the zone example.com, with a clock of its own. */
export interface TestZone {
  /** Calls a path below the zone. Returns the code of an error, or the result. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what each endpoint returns
  call(line: string, body?: object): Promise<any>;
  advance(milliseconds: number): void;
}

const TOKEN = createTokenStore([{ value: "token" }]).first();

export function createTestZone(zone: Partial<CertificateZone> = {}, issueMs = 0): TestZone {
  const id = deriveId("example.com");
  const defaults = { plan: "pro", type: "full", hasAdvancedCertificates: false, proxiedNames: [] } as const;
  const clock = { now: Date.parse("2026-11-28T12:00:00Z") };
  const findZone = (zoneId: string) => (zoneId === id ? { id, name: "example.com", ...defaults, ...zone } : undefined);
  const api = createCertificatesApi({ findZone, issueMs, now: () => clock.now });
  return {
    async call(line, body = {}) {
      const [method = "GET", target = "/"] = line.split(" ");
      const { pathname, searchParams: query } = new URL(`/zones/${id}${target}`, "http://account");
      const path = pathname.split("/").slice(1);
      const json = Buffer.from(JSON.stringify(body));
      const base = { line: `${method} ${pathname}`, method, path, query, headers: {}, contentType: "application/json" };
      const reply: ApiReply | undefined = await api({ ...base, body: json, token: TOKEN });
      if (!reply || "bytes" in reply) throw new Error(`no such endpoint: ${line}`);
      return "code" in reply ? reply.code : reply.result;
    },
    advance(milliseconds) {
      clock.now += milliseconds;
    },
  };
}

/** Creates a certificate and its key, as PEM texts. */
export async function createPair(
  names: readonly string[],
  { keyType = "ec", isAuthority = false }: { keyType?: "ec" | "rsa"; isAuthority?: boolean } = {},
): Promise<{ certificate: string; private_key: string }> {
  const { private: key, cert } = await generate([{ name: "commonName", value: names[0] ?? "" }], {
    keyType,
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: isAuthority },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  return { certificate: cert, private_key: key };
}
