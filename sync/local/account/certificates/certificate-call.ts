import type { ApiCall } from "../api-types.ts";
import type { CertificateZone, ZoneCertificates } from "./certificate-zones.ts";

/** One call for the certificates of a zone, and what it may change. */
export interface CertificateCall {
  readonly call: ApiCall;
  /** The rest of the path. */
  readonly rest: readonly string[];
  readonly zone: CertificateZone;
  readonly certificates: ZoneCertificates;
  readonly save: (change: Partial<ZoneCertificates>) => void;
  readonly issueMs: number;
  readonly now: number;
}

/** Reads a JSON body. Returns undefined if it is no JSON object. */
export function readObject(call: ApiCall): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(call.body.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
