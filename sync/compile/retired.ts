/** An annotation that is often written and means nothing: whether ingress-nginx ever had it, and what to do. */
export interface Retired {
  /** The version that dropped it; "" where that was long ago. */
  readonly removed?: string;
  readonly instead: string;
}

const PROTOCOL = 'write backend-protocol: "HTTPS" (or "GRPC")';
const LIMIT = "write limit-rps or limit-rpm, which count for the whole Ingress";
const TRACING = "export traces of the Worker at Cloudflare";
const WEBSOCKET = "remove it: WebSockets need no annotation";
const CONFIG_MAP = "remove it: ingress-nginx has it in its ConfigMap only";
const HEALTH = "remove it: Kubernetes' readiness probes decide which Pods are asked";

/** By name, without a prefix. https://kubernetes.github.io/ingress-nginx/ */
export const retired: Readonly<Record<string, Retired>> = {
  "secure-backends": { removed: "0.21", instead: PROTOCOL },
  "grpc-backend": { removed: "0.21", instead: PROTOCOL },
  "add-base-url": { removed: "0.22", instead: "let the application write its own base URL" },
  "base-url-scheme": { removed: "0.22", instead: "let the application write its own base URL" },
  "session-cookie-hash": { removed: "0.24", instead: "remove it: affinity needs no hash" },
  "mirror-uri": { removed: "0.28", instead: "write mirror-target with the whole URL" },
  "proxy-pass-params": { removed: "", instead: "remove it" },
  "upstream-max-fails": { removed: "", instead: HEALTH },
  "upstream-fail-timeout": { removed: "", instead: HEALTH },
  "secure-verify-ca-secret": {
    removed: "",
    instead: "set the zone's SSL mode to Full (strict), and use Origin CA certificates",
  },
  "enable-influxdb": { removed: "", instead: "read the Worker's access lines, or Cloudflare's analytics" },
  "enable-opentracing": { removed: "", instead: TRACING },
  "opentracing-trust-incoming-span": { removed: "", instead: TRACING },
  "global-rate-limit": { removed: "1.12", instead: LIMIT },
  "global-rate-limit-window": { removed: "1.12", instead: LIMIT },
  "global-rate-limit-key": { removed: "1.12", instead: LIMIT },
  "global-rate-limit-ignored-cidrs": { removed: "1.12", instead: "write limit-whitelist" },
  "enable-websocket": { instead: WEBSOCKET },
  "enable-websockets": { instead: WEBSOCKET },
  "websocket-services": { instead: WEBSOCKET },
  "use-forwarded-headers": { instead: CONFIG_MAP },
  "proxy-set-headers": { instead: CONFIG_MAP },
  "add-header": { instead: "write custom-headers, which names a ConfigMap of response headers" },
  "add-headers": { instead: "write custom-headers, which names a ConfigMap of response headers" },
  "client-max-body-size": { instead: "write proxy-body-size" },
  "ssl-protocols": { instead: "set the least TLS version for the zone or host name at Cloudflare" },
  hsts: { instead: "remove it: https answers of hosts with spec.tls have the header" },
  "hsts-max-age": { instead: "remove it: it is a year" },
  "hsts-include-subdomains": { instead: "remove it: subdomains are included" },
  "hsts-preload": { instead: "set HSTS for the zone at Cloudflare, which can preload" },
  "large-client-header-buffers": { instead: CONFIG_MAP },
  "client-header-buffer-size": { instead: CONFIG_MAP },
};
