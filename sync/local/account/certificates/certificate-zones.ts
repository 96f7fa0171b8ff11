/** A zone, as the certificate endpoints see it. */
export interface CertificateZone {
  readonly id: string;
  readonly name: string;
  readonly plan: "free" | "pro" | "business" | "enterprise";
  /** `partial` is the CNAME setup. */
  readonly type: string;
  /** Whether the zone has Advanced Certificate Manager. */
  readonly hasAdvancedCertificates: boolean;
  /** Names of the proxied records. */
  readonly proxiedNames: readonly string[];
}

/** The certificates of one zone. */
export interface ZoneCertificates {
  readonly isUniversalEnabled: boolean;
  readonly totalTls: { readonly enabled: boolean; readonly certificateAuthority: string; readonly changedAt: number };
  /** Hosts whose Total TLS certificate was deleted. They never get another one. */
  readonly optedOutHosts: readonly string[];
  readonly orderedPacks: readonly OrderedPack[];
  readonly customCertificates: readonly CustomCertificate[];
}

/** A pack that was ordered with Advanced Certificate Manager. Times are milliseconds since 1970. */
export interface OrderedPack {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly validityDays: number;
  readonly certificateAuthority: string;
  readonly validationMethod: string;
  readonly orderedAt: number;
  readonly deletedAt?: number;
}

/** An uploaded certificate. */
export interface CustomCertificate {
  readonly id: string;
  readonly type: "legacy_custom" | "sni_custom";
  readonly bundleMethod: string;
  readonly hosts: readonly string[];
  readonly issuer: string;
  readonly signature: string;
  readonly fingerprint: string;
  readonly expiresOn: string;
  readonly uploadedOn: string;
  readonly modifiedOn: string;
}

/** The certificates of a zone that has just become active. */
export const NEW_ZONE_CERTIFICATES: ZoneCertificates = {
  isUniversalEnabled: true,
  totalTls: { enabled: false, certificateAuthority: "google", changedAt: Number.NEGATIVE_INFINITY },
  optedOutHosts: [],
  orderedPacks: [],
  customCertificates: [],
};

/** Whether a certificate for `pattern` is valid for `host`. A wildcard covers one label. */
export function coversHost(pattern: string, host: string): boolean {
  return pattern === host || (pattern.startsWith("*.") && host.slice(host.indexOf(".") + 1) === pattern.slice(2));
}
