/** Keys without an effect that clients or origins can see, by the reason. */
const HARMLESS_KEYS: readonly (readonly [reason: string, keys: readonly string[]])[] = [
  [
    "it tunes nginx only",
    [
      ...["client-header-buffer-size", "client-header-timeout", "client-body-timeout", "large-client-header-buffers"],
      ...["disable-ipv6", "disable-ipv6-dns", "enable-multi-accept", "max-worker-connections", "max-worker-open-files"],
      ...["map-hash-bucket-size", "server-name-hash-max-size", "server-name-hash-bucket-size", "reuse-port"],
      ...["proxy-headers-hash-max-size", "proxy-headers-hash-bucket-size", "variables-hash-bucket-size"],
      ...["variables-hash-max-size", "worker-processes", "worker-cpu-affinity", "worker-shutdown-timeout"],
      ...["worker-serial-reloads", "lua-shared-dicts", "bind-address", "debug-connections", "default-type"],
      ...[
        "nginx-status-ipv4-whitelist",
        "nginx-status-ipv6-whitelist",
        "limit-conn-zone-variable",
        "grpc-buffer-size-kb",
      ],
      ...["global-rate-limit-memcached-host", "global-rate-limit-memcached-port", "global-rate-limit-status-code"],
      ...["global-rate-limit-memcached-connect-timeout", "global-rate-limit-memcached-max-idle-timeout"],
      ...["global-rate-limit-memcached-pool-size", "generate-request-id", "enable-auth-access-log"],
    ],
  ],
  [
    "Cloudflare sets connections and compression",
    [
      ...["keep-alive", "keep-alive-requests", "upstream-keepalive-connections", "upstream-keepalive-time"],
      ...["upstream-keepalive-timeout", "upstream-keepalive-requests", "use-http2", "http2-max-field-size"],
      ...["http2-max-header-size", "http2-max-requests", "http2-max-concurrent-streams", "use-gzip", "gzip-level"],
      ...["gzip-disable", "gzip-min-length", "gzip-types", "enable-brotli", "brotli-level", "brotli-min-length"],
      ...["brotli-types", "use-http3", "proxy-ssl-location-only"],
    ],
  ],
  [
    "Cloudflare terminates TLS",
    [
      ...["enable-ocsp", "ssl-ecdh-curve", "ssl-dh-param", "ssl-session-cache", "ssl-session-cache-size"],
      ...["ssl-session-tickets", "ssl-session-ticket-key", "ssl-session-timeout", "ssl-buffer-size", "ssl-early-data"],
      ...["ssl-reject-handshake"],
    ],
  ],
  [
    "the edge has a fixed access log",
    [
      ...["access-log-params", "access-log-path", "http-access-log-path", "stream-access-log-path", "error-log-path"],
      ...["error-log-level", "log-format-upstream", "log-format-stream", "log-format-escape-json"],
      ...["log-format-escape-none", "enable-access-log-for-default-backend", "skip-access-log-urls"],
      ...["enable-syslog", "syslog-host", "syslog-port", "disable-http-access-log", "disable-stream-access-log"],
    ],
  ],
  [
    "the client's address comes from Cloudflare",
    [
      ...["use-forwarded-headers", "enable-real-ip", "proxy-real-ip-cidr", "forwarded-for-header"],
      ...["use-proxy-protocol", "proxy-protocol-header-timeout"],
    ],
  ],
  ["Cloudflare sets the header Server", ["server-tokens", "allow-backend-server-header"]],
  [
    "edgress has its own checks",
    [
      ...["allow-snippet-annotations", "annotation-value-word-blocklist", "annotations-risk-level"],
      ...["strict-validate-path-type"],
    ],
  ],
  [
    "it concerns TCP and UDP",
    [
      ...["proxy-stream-timeout", "proxy-stream-next-upstream", "proxy-stream-next-upstream-timeout"],
      ...["proxy-stream-next-upstream-tries", "proxy-stream-responses"],
    ],
  ],
];

/** By key: why the key has no effect. */
export const harmlessReasons: ReadonlyMap<string, string> = new Map(
  HARMLESS_KEYS.flatMap(([reason, keys]) => keys.map((key) => [key, reason] as const)),
);
