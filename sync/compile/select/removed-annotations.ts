/** A common annotation without effect: whether ingress-nginx ever had it, and its replacement. */
export interface RemovedAnnotation {
  /** The version that removed it; "" if the removal is older than the changelog. */
  readonly removedIn?: string;
  readonly remedy: string;
}

const protocolRemedy = 'use backend-protocol: "HTTPS". gRPC does not pass the edge';
const limitRemedy = "use limit-rps or limit-rpm, which apply to the whole Ingress";
const tracingRemedy = "export traces of the Worker in Cloudflare";
const webSocketRemedy = "remove it: WebSockets need no annotation";
const configMapRemedy = "remove it: ingress-nginx supports it only in its ConfigMap";
const readinessRemedy = "remove it: Kubernetes readiness probes select the Pods";

/** By name, without a prefix. https://kubernetes.github.io/ingress-nginx/ */
export const removedAnnotations: ReadonlyMap<string, RemovedAnnotation> = new Map(
  Object.entries<RemovedAnnotation>({
    "secure-backends": { removedIn: "0.21", remedy: protocolRemedy },
    "grpc-backend": { removedIn: "0.21", remedy: protocolRemedy },
    "add-base-url": { removedIn: "0.22", remedy: "generate the base URL in the application" },
    "base-url-scheme": { removedIn: "0.22", remedy: "generate the base URL in the application" },
    "session-cookie-hash": { removedIn: "0.24", remedy: "remove it: affinity needs no hash" },
    "mirror-uri": { removedIn: "0.28", remedy: "use mirror-target with the whole URL" },
    "proxy-pass-params": { removedIn: "", remedy: "remove it" },
    "upstream-max-fails": { removedIn: "", remedy: readinessRemedy },
    "upstream-fail-timeout": { removedIn: "", remedy: readinessRemedy },
    "secure-verify-ca-secret": {
      removedIn: "",
      remedy: "set the zone's SSL mode to Full (strict), and use Origin CA certificates",
    },
    "enable-influxdb": { removedIn: "", remedy: "use the Worker's access log, or Cloudflare's analytics" },
    "enable-opentracing": { removedIn: "", remedy: tracingRemedy },
    "opentracing-trust-incoming-span": { removedIn: "", remedy: tracingRemedy },
    "global-rate-limit": { removedIn: "1.12", remedy: limitRemedy },
    "global-rate-limit-window": { removedIn: "1.12", remedy: limitRemedy },
    "global-rate-limit-key": { removedIn: "1.12", remedy: limitRemedy },
    "global-rate-limit-ignored-cidrs": { removedIn: "1.12", remedy: "use limit-whitelist" },
    "enable-websocket": { remedy: webSocketRemedy },
    "enable-websockets": { remedy: webSocketRemedy },
    "websocket-services": { remedy: webSocketRemedy },
    "use-forwarded-headers": { remedy: configMapRemedy },
    "proxy-set-headers": { remedy: configMapRemedy },
    "add-header": { remedy: "use custom-headers, which names a ConfigMap of response headers" },
    "add-headers": { remedy: "use custom-headers, which names a ConfigMap of response headers" },
    "client-max-body-size": { remedy: "use proxy-body-size" },
    "ssl-protocols": { remedy: "set the minimum TLS version of the zone or host name in Cloudflare" },
    hsts: { remedy: "remove it: https responses of hosts with spec.tls have the header" },
    "hsts-max-age": { remedy: "remove it: the max-age is one year" },
    "hsts-include-subdomains": { remedy: "remove it: subdomains are included" },
    "hsts-preload": { remedy: "set HSTS for the zone in Cloudflare, which supports preload" },
    "large-client-header-buffers": { remedy: configMapRemedy },
    "client-header-buffer-size": { remedy: configMapRemedy },
  }),
);
