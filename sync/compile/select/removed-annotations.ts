/** An annotation that is often written and means nothing: whether ingress-nginx ever had it, and what to do. */
export interface RemovedAnnotation {
  /** The version that dropped it; "" where that was long ago. */
  readonly removedIn?: string;
  readonly remedy: string;
}

const protocolRemedy = 'write backend-protocol: "HTTPS" (or "GRPC")';
const limitRemedy = "write limit-rps or limit-rpm, which count for the whole Ingress";
const tracingRemedy = "export traces of the Worker at Cloudflare";
const webSocketRemedy = "remove it: WebSockets need no annotation";
const configMapRemedy = "remove it: ingress-nginx has it in its ConfigMap only";
const readinessRemedy = "remove it: Kubernetes' readiness probes decide which Pods are asked";

/** By name, without a prefix. https://kubernetes.github.io/ingress-nginx/ */
export const removedAnnotations: Readonly<Record<string, RemovedAnnotation>> = {
  "secure-backends": { removedIn: "0.21", remedy: protocolRemedy },
  "grpc-backend": { removedIn: "0.21", remedy: protocolRemedy },
  "add-base-url": { removedIn: "0.22", remedy: "let the application write its own base URL" },
  "base-url-scheme": { removedIn: "0.22", remedy: "let the application write its own base URL" },
  "session-cookie-hash": { removedIn: "0.24", remedy: "remove it: affinity needs no hash" },
  "mirror-uri": { removedIn: "0.28", remedy: "write mirror-target with the whole URL" },
  "proxy-pass-params": { removedIn: "", remedy: "remove it" },
  "upstream-max-fails": { removedIn: "", remedy: readinessRemedy },
  "upstream-fail-timeout": { removedIn: "", remedy: readinessRemedy },
  "secure-verify-ca-secret": {
    removedIn: "",
    remedy: "set the zone's SSL mode to Full (strict), and use Origin CA certificates",
  },
  "enable-influxdb": { removedIn: "", remedy: "read the Worker's access lines, or Cloudflare's analytics" },
  "enable-opentracing": { removedIn: "", remedy: tracingRemedy },
  "opentracing-trust-incoming-span": { removedIn: "", remedy: tracingRemedy },
  "global-rate-limit": { removedIn: "1.12", remedy: limitRemedy },
  "global-rate-limit-window": { removedIn: "1.12", remedy: limitRemedy },
  "global-rate-limit-key": { removedIn: "1.12", remedy: limitRemedy },
  "global-rate-limit-ignored-cidrs": { removedIn: "1.12", remedy: "write limit-whitelist" },
  "enable-websocket": { remedy: webSocketRemedy },
  "enable-websockets": { remedy: webSocketRemedy },
  "websocket-services": { remedy: webSocketRemedy },
  "use-forwarded-headers": { remedy: configMapRemedy },
  "proxy-set-headers": { remedy: configMapRemedy },
  "add-header": { remedy: "write custom-headers, which names a ConfigMap of response headers" },
  "add-headers": { remedy: "write custom-headers, which names a ConfigMap of response headers" },
  "client-max-body-size": { remedy: "write proxy-body-size" },
  "ssl-protocols": { remedy: "set the least TLS version for the zone or host name at Cloudflare" },
  hsts: { remedy: "remove it: https answers of hosts with spec.tls have the header" },
  "hsts-max-age": { remedy: "remove it: it is a year" },
  "hsts-include-subdomains": { remedy: "remove it: subdomains are included" },
  "hsts-preload": { remedy: "set HSTS for the zone at Cloudflare, which can preload" },
  "large-client-header-buffers": { remedy: configMapRemedy },
  "client-header-buffer-size": { remedy: configMapRemedy },
};
