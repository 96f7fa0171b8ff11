/** The certificate of a client, as verified by Cloudflare; https only. */
export interface ClientCertificate {
  readonly isPresented: boolean;
  readonly verdict: string; // "SUCCESS", "NONE", or "FAILED:reason"
  readonly subject: string; // in RFC 2253 order, the most specific first: "CN=client,O=Example"
  readonly issuer: string;
  readonly der: string | undefined; // base64
}

/** The certificate of a client that presents none. */
export const NO_CLIENT_CERTIFICATE: ClientCertificate = {
  isPresented: false,
  verdict: "NONE",
  subject: "",
  issuer: "",
  der: undefined,
};

/** The fields of `request.cf.tlsClientAuth` that are used here. */
interface TlsClientAuth {
  readonly certPresented?: string;
  readonly certVerified?: string;
  readonly certRevoked?: string;
  readonly certSubjectDNRFC2253?: string;
  readonly certIssuerDNRFC2253?: string;
  readonly certRFC9440?: string;
}

/** Reads the client certificate of a request. A request without one has no subject. */
export function parseClientCertificate(request: Request): ClientCertificate {
  const { tlsClientAuth: certificate } = ((request as { cf?: unknown }).cf ?? {}) as {
    tlsClientAuth?: TlsClientAuth | null;
  };
  const isRevoked = certificate?.certRevoked === "1";
  return {
    isPresented: certificate?.certPresented === "1",
    verdict: isRevoked ? "FAILED:certificate revoked" : (certificate?.certVerified ?? "NONE"),
    subject: certificate?.certSubjectDNRFC2253 ?? "",
    issuer: certificate?.certIssuerDNRFC2253 ?? "",
    der: /^:([A-Za-z0-9+/=]+):$/.exec(certificate?.certRFC9440 ?? "")?.[1],
  };
}
