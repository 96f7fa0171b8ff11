import type { FilterManifest } from "./route-manifest.ts";

export const REDIRECT_ANNOTATIONS = [
  "permanent-redirect",
  "permanent-redirect-code",
  "temporal-redirect",
  "temporal-redirect-code",
  "relative-redirects",
];

const TARGET = /^(https?):\/\/([a-zA-Z0-9.-]+)(?::(\d+))?(\/[^?#$]*)?$/;
const CODES = [301, 302, 303, 307, 308];

/** Returns the filter of a redirect to a fixed URL. Undefined for other redirects, which stay annotations. */
export function buildRedirectFilter(values: Readonly<Record<string, unknown>>): FilterManifest | undefined {
  const temporal = values["temporal-redirect"] || undefined;
  const target = String(temporal ?? values["permanent-redirect"] ?? "");
  const code = temporal ? (values["temporal-redirect-code"] ?? 302) : (values["permanent-redirect-code"] ?? 301);
  const [, scheme, hostname, port, path = "/"] = TARGET.exec(target) ?? [];
  if (scheme === undefined || hostname === undefined || !CODES.includes(Number(code))) return undefined;
  return {
    type: "RequestRedirect",
    requestRedirect: {
      scheme,
      hostname: hostname.toLowerCase(),
      ...(port !== undefined && { port: Number(port) }),
      path: { type: "ReplaceFullPath", replaceFullPath: path },
      statusCode: Number(code),
    },
  };
}

/** The redirect of http to https with the same host, path and query. */
export const HTTPS_REDIRECT: FilterManifest = {
  type: "RequestRedirect",
  requestRedirect: { scheme: "https", statusCode: 308 },
};

/** Returns the redirect of `/` to a path. */
export function buildAppRootFilter(path: string): FilterManifest {
  return {
    type: "RequestRedirect",
    requestRedirect: { path: { type: "ReplaceFullPath", replaceFullPath: path }, statusCode: 302 },
  };
}

/** Returns the redirect of all requests to another host. */
export function buildHostRedirect(hostname: string): FilterManifest {
  return { type: "RequestRedirect", requestRedirect: { hostname, statusCode: 308 } };
}
