import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { errorMessage } from "../../src/rules/error-message.ts";
import type { HealthCheck } from "./list-checks.ts";

/** The result of one check. */
export type AddressCheckResult = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/** The socket address of a check. */
export interface CheckTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Sends the request of a health check. It reads the status only, and follows no redirect. The certificate of an https
 * origin is not verified, because the zone's SSL mode decides about it. It never rejects.
 */
export function checkAddress(
  { scheme, address, settings }: HealthCheck,
  target: CheckTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<AddressCheckResult> {
  const host = settings.host ?? (isIP(address) === 6 ? `[${address}]` : address);
  const hostname = host.replace(/:\d+$/, "");
  const options: RequestOptions & { rejectUnauthorized: boolean; servername: string } = {
    ...target,
    path: settings.path,
    headers: { Host: host, "User-Agent": "edgress-health-check", Connection: "close" },
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    rejectUnauthorized: false,
    servername: settings.host === undefined ? "" : hostname,
  };
  return new Promise((resolve) => {
    const request = (scheme === "https" ? requestHttps : requestHttp)(options, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      const isExpected = settings.statuses.some(([first, last]) => statusCode >= first && statusCode <= last);
      resolve(isExpected ? { ok: true } : { ok: false, problem: `status ${statusCode}` });
    });
    request.on("error", (error) => resolve({ ok: false, problem: describeFailure(error, timeoutMs) }));
    request.end();
  });
}

function describeFailure(error: Error, timeoutMs: number): string {
  return error.name === "AbortError" || error.name === "TimeoutError"
    ? `no response within ${timeoutMs / 1000} s`
    : errorMessage(error);
}
