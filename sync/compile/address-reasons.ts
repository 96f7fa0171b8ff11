/** The reasons of diagnostics about the addresses of Services that are known after a publication. */
export const addressReasons = {
  DNSRecordRejected: {
    severity: "error",
    doc: "Cloudflare rejected the DNS record of a Service address; the address is not used.",
  },
  DNSRecordQuotaExceeded: {
    severity: "error",
    doc: "The namespace has reached its quota of DNS records in a zone; the address of the Service is not used.",
  },
  UnhealthyAddress: {
    severity: "warning",
    doc: "An address of the Service fails its health checks; the edge avoids it as long as another one is healthy.",
  },
  HealthyAddress: {
    severity: "note",
    doc: "An address of the Service passes its health checks again; the edge uses it.",
  },
} as const;
