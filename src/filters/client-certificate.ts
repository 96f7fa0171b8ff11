import { type Answer, ownAnswer, redirect } from "../answer.ts";
import type { ClientCertificate } from "../client-certificate.ts";
import type { Exchange } from "../exchange.ts";
import { bytesOf } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { expand } from "../variables.ts";
import type { Filter } from "./filter.ts";

type Verified = Extract<SettingsOf<"clientCertificate">, { type: "verified" }>;

// What nginx's optional_no_ca overlooks: that nobody vouches for the certificate, but not that it is out of date.
const NOBODY_VOUCHES = /^FAILED:(?:self.signed|unable to (?:verify|get)|certificate not trusted)/i;
/** Longest subject that an expression is tried on. */
const MOST_SUBJECT = 4096;

/** Lets in by the certificate that the client presented, and tells the origin of it. In the clear there is none to look at. */
export function clientCertificate(settings: SettingsOf<"clientCertificate">): Filter {
  if (settings.type === "nobody") return async (exchange) => ownAnswer(exchange, 403, "denied", settings.because);
  const subject = settings.subject === undefined ? undefined : new RegExp(settings.subject);
  return async (exchange, next) => {
    const certificate = exchange.clientCertificate;
    if (exchange.scheme === "https" && !isAccepted(settings.verify, certificate)) {
      return refusal(settings, exchange, certificate);
    }
    if (subject && !fits(subject, certificate)) {
      return ownAnswer(exchange, 403, "denied", "the certificate's subject is not let in");
    }
    const originHeaders = [...exchange.originHeaders, ...headersOf(certificate, settings.passes)];
    return next({ ...exchange, originHeaders });
  };
}

function isAccepted(verify: Verified["verify"], { presented, verdict }: ClientCertificate): boolean {
  const good = presented && verdict === "SUCCESS";
  switch (verify) {
    case "on":
      return good;
    case "off":
      return true;
    case "optional":
      return good || !presented;
    case "optional_no_ca":
      return good || !presented || NOBODY_VOUCHES.test(verdict);
  }
}

function refusal({ errorPage }: Verified, exchange: Exchange, { presented, verdict }: ClientCertificate): Answer {
  const because = presented ? `the certificate is not good: ${verdict}` : "no certificate was presented";
  if (errorPage === undefined) return ownAnswer(exchange, 400, "denied", because);
  return { ...redirect(302, expand(errorPage, exchange)), outcome: "denied", because };
}

function fits(subject: RegExp, { presented, subject: name }: ClientCertificate): boolean {
  return presented && name.length <= MOST_SUBJECT && subject.test(bytesOf(name.toWellFormed()));
}

function headersOf({ presented, verdict, subject, issuer, der }: ClientCertificate, passes: boolean) {
  const headers: [string, string | undefined][] = [
    ["ssl-client-verify", presented ? verdict : "NONE"],
    ["ssl-client-subject-dn", subject],
    ["ssl-client-issuer-dn", issuer],
    ["ssl-client-cert", passes && der !== undefined ? encodeURIComponent(pemOf(der)) : undefined],
  ];
  // A header holds no character beyond ASCII, and an empty one is not sent.
  return headers
    .map(
      ([name, value]) =>
        [
          name,
          value?.replace(/[^\x20-\x7e]+/g, (other) => encodeURIComponent(other.toWellFormed())) || undefined,
        ] as const,
    )
    .filter(([, value]) => value !== undefined);
}

function pemOf(der: string): string {
  const lines = der.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
