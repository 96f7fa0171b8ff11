import type { ClientCertificate } from "../request/client-certificate.ts";
import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { type EdgeResponse, errorResponse, redirectResponse } from "../request/response.ts";
import { toByteString, warmUpRegex } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

type VerifiedSettings = Extract<SettingsOf<"clientCertificate">, { type: "verified" }>;

// Failures that nginx's optional_no_ca accepts: an unknown authority, but not an expired certificate.
const UNTRUSTED_CA = /^FAILED:(?:self.signed|unable to (?:verify|get)|certificate not trusted)/i;
/** Maximum length of a subject to match with a regex. */
const MAX_SUBJECT_LENGTH = 1024;

/**
 * Restricts access by client certificate, and sends it to the origin. A request over http has no certificate, so it is
 * redirected to https if one is required.
 */
export function clientCertificate(settings: SettingsOf<"clientCertificate">): Filter {
  if (settings.type === "denied") return async (exchange) => errorResponse(exchange, 403, "denied", settings.reason);
  const subject = settings.subject === undefined ? undefined : new RegExp(settings.subject);
  return async (exchange, next) => {
    if (exchange.scheme === "http" && settings.verify === "on") return redirectToHttps(exchange);
    const certificate = exchange.readClientCertificate();
    if (!isAccepted(settings.verify, certificate)) {
      return rejectCertificate(settings, exchange, certificate);
    }
    if (subject && !matchesSubject(subject, certificate)) {
      return errorResponse(exchange, 403, "denied", "certificate subject not allowed");
    }
    const originHeaders = [...exchange.originHeaders, ...buildCertificateHeaders(certificate, settings.passes)];
    return next({ ...exchange, originHeaders });
  };
}

/** Redirects to the same URL without its final slash, like `ssl-redirect` and ingress-nginx. */
function redirectToHttps({ hostHeader, rawPath, query }: Exchange): EdgeResponse {
  const location = `https://${hostHeader.replace(/:\d*$/, "")}${rawPath}${query}`;
  return { ...redirectResponse(308, location.replace(/\/$/, "")), reason: "a client certificate requires https" };
}

function isAccepted(verify: VerifiedSettings["verify"], { isPresented, verdict }: ClientCertificate): boolean {
  const isVerified = isPresented && verdict === "SUCCESS";
  switch (verify) {
    case "on":
      return isVerified;
    case "off":
      return true;
    case "optional":
      return isVerified || !isPresented;
    case "optional_no_ca":
      return isVerified || !isPresented || UNTRUSTED_CA.test(verdict);
  }
}

function rejectCertificate(
  { errorPage }: VerifiedSettings,
  exchange: Exchange,
  { isPresented, verdict }: ClientCertificate,
): EdgeResponse {
  const reason = isPresented ? `invalid certificate: ${verdict}` : "no client certificate";
  if (errorPage === undefined) return errorResponse(exchange, 400, "denied", reason);
  return { ...redirectResponse(302, expandVariables(errorPage, exchange)), outcome: "denied", reason };
}

function matchesSubject(subject: RegExp, { isPresented, subject: name }: ClientCertificate): boolean {
  if (!isPresented || name.length > MAX_SUBJECT_LENGTH) return false;
  const text = toByteString(name.toWellFormed());
  return warmUpRegex(subject, text).test(text);
}

function buildCertificateHeaders(
  { isPresented, verdict, subject, issuer, der }: ClientCertificate,
  passesCertificate: boolean,
) {
  const headers: [string, string | undefined][] = [
    ["ssl-client-verify", isPresented ? verdict : "NONE"],
    ["ssl-client-subject-dn", subject],
    ["ssl-client-issuer-dn", issuer],
    ["ssl-client-cert", passesCertificate && der !== undefined ? encodeURIComponent(formatPem(der)) : undefined],
  ];
  // Headers are ASCII only, and empty ones are not sent.
  return headers
    .map(
      ([name, value]) =>
        [
          name,
          value?.replace(/[^\x20-\x7e]+/g, (characters) => encodeURIComponent(characters.toWellFormed())) || undefined,
        ] as const,
    )
    .filter(([, value]) => value !== undefined);
}

function formatPem(der: string): string {
  const lines = der.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
