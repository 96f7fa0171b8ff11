/** What Cloudflare says of the certificate that a client presented; https only. */
export interface ClientCertificate {
  readonly presented: boolean;
  readonly verdict: string; // "SUCCESS", "NONE", or "FAILED:reason"
  readonly subject: string; // as RFC 2253 writes it, the most specific first: "CN=client,O=Example"
  readonly issuer: string;
  readonly der: string | undefined; // base64
}

/** `request.cf.tlsClientAuth`, as far as it is used here. */
interface TlsClientAuth {
  readonly certPresented?: string;
  readonly certVerified?: string;
  readonly certRevoked?: string;
  readonly certSubjectDNRFC2253?: string;
  readonly certIssuerDNRFC2253?: string;
  readonly certRFC9440?: string;
}

/** The certificate of the client that sent a request; where nothing is known of it there is none. */
export function clientCertificateOf(request: Request): ClientCertificate {
  const { tlsClientAuth: found } = ((request as { cf?: unknown }).cf ?? {}) as { tlsClientAuth?: TlsClientAuth | null };
  const revoked = found?.certRevoked === "1";
  return {
    presented: found?.certPresented === "1",
    verdict: revoked ? "FAILED:certificate revoked" : (found?.certVerified ?? "NONE"),
    subject: found?.certSubjectDNRFC2253 ?? "",
    issuer: found?.certIssuerDNRFC2253 ?? "",
    der: /^:([A-Za-z0-9+/=]+):$/.exec(found?.certRFC9440 ?? "")?.[1],
  };
}
