import type { CorsOrigins } from "../../src/rules/policies/cors.ts";
import type { FilterManifest } from "./route-manifest.ts";

export const CORS_ANNOTATIONS = [
  "enable-cors",
  "cors-allow-origin",
  "cors-allow-methods",
  "cors-allow-headers",
  "cors-expose-headers",
  "cors-allow-credentials",
  "cors-max-age",
];

// Those of ingress-nginx.
const DEFAULT_METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const DEFAULT_HEADERS =
  "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
const DEFAULT_MAX_AGE_S = 1_728_000;
const MAX_ITEMS = 64;

/** Returns the filter of the CORS annotations. Undefined for those that it cannot express, which stay annotations. */
export function buildCorsFilter(values: Readonly<Record<string, unknown>>): FilterManifest | undefined {
  if (values["enable-cors"] !== true) return undefined;
  const { origins, skipped } = (values["cors-allow-origin"] ?? { origins: "any", skipped: [] }) as CorsOrigins;
  const allowOrigins = origins === "any" ? ["*"] : origins;
  const maxAge = Number(values["cors-max-age"] ?? DEFAULT_MAX_AGE_S);
  const isExpressible = skipped.length === 0 && allowOrigins.length > 0 && allowOrigins.length <= MAX_ITEMS;
  if (!isExpressible || allowOrigins.includes("null") || maxAge < 1) return undefined;
  const exposeHeaders = splitList(values["cors-expose-headers"] ?? "");
  return {
    type: "CORS",
    cors: {
      allowOrigins,
      allowMethods: splitList(values["cors-allow-methods"] ?? DEFAULT_METHODS),
      allowHeaders: splitList(values["cors-allow-headers"] ?? DEFAULT_HEADERS),
      ...(exposeHeaders.length > 0 && { exposeHeaders }),
      allowCredentials: values["cors-allow-credentials"] !== false,
      maxAge,
    },
  };
}

function splitList(text: unknown): string[] {
  return String(text)
    .split(/[, ]/)
    .filter((item) => item !== "");
}
