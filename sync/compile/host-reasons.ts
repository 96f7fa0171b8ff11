/** The reasons of diagnostics about the DNS records, routes and certificates of hosts. */
export const hostReasons = {
  ForeignHostRecord: {
    severity: "warning",
    doc: "edgress did not create the host's DNS record, and does not change it. If the record is proxied, the host is served.",
  },
  ForeignHostRoute: {
    severity: "warning",
    doc: "Another Worker, or no Worker, has the Workers route of the host; the host is not served.",
  },
  HostShadowed: {
    severity: "warning",
    doc: "NS records delegate the host to other name servers; the host is not served.",
  },
  HostZoneInactive: {
    severity: "warning",
    doc: "The zone of the host is paused or not active; the host is not served.",
  },
  HostQuotaExceeded: {
    severity: "error",
    doc: "The zone has no space for the host's DNS record or Workers route; the host is not served.",
  },
  HostChangeRejected: {
    severity: "error",
    doc: "Cloudflare rejected the host's DNS record or Workers route; the host is not served.",
  },
  HostDrift: {
    severity: "warning",
    doc: "Someone edited or deleted the host's DNS record or Workers route, and --host-drift is report.",
  },
  WildcardCapturesNames: {
    severity: "warning",
    doc: "The route of a wildcard host takes requests for names that belong to someone else; a new one is not added.",
  },
  CertificateNotCovered: {
    severity: "warning",
    doc: "No certificate of the zone covers the host; https fails.",
  },
  CertificateCoversOneLabel: {
    severity: "note",
    doc: "A wildcard of a Gateway covers any number of labels, and its certificate one; https of the other names fails.",
  },
  CertificatePending: {
    severity: "note",
    doc: "The certificate of the host is not active yet; https fails until then.",
  },
  CertificateNotUploaded: {
    severity: "error",
    doc: "The certificate of the Ingress or listener was not uploaded to the zone.",
  },
} as const;
