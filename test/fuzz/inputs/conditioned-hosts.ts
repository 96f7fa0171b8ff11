import type { HostRules, Route } from "../../../src/rules/snapshot.ts";

const ROOT = { type: "prefix", path: "/" } as const;
const LONG_VALUE = "1".repeat(1025);

type GuardedMatch = readonly [path: Route["path"], when: Route["when"], guard: "open" | "closed"];

/** Returns a host whose closed routes must never forward a request. */
function buildHost(host: string, ...matches: readonly GuardedMatch[]): HostRules {
  const routes = matches.map(([path, when, guard], index): Route => {
    const policies = guard === "closed" ? { failClosed: { reason: "closed" } } : {};
    return { id: `fuzz/route#${index}.0`, path, ...(when && { when }), backend: "fuzz/app:80", policies };
  });
  const addresses = [{ address: "203.0.113.10", record: "edgress-fuzz" }];
  return { host, policies: {}, routes, backends: { "fuzz/app:80": { scheme: "http", port: 80, addresses } } };
}

/** Hosts with conditions of each kind, and names with any number of labels. */
export const CONDITIONED_HOSTS: readonly HostRules[] = [
  buildHost(
    "a.example.com",
    [{ type: "exact", path: "/admin" }, { method: "POST" }, "closed"],
    [{ type: "full-regex", pattern: "^(?:/v[0-9]+/.*)$", maxBytes: 1024 }, undefined, "closed"],
    [{ type: "prefix", path: "/admin" }, { headers: [{ name: "x-canary", value: "always" }] }, "open"],
    [{ type: "prefix", path: "/admin" }, undefined, "closed"],
    [ROOT, { headers: [{ name: "x-canary", pattern: "^(?:1+)$", maxBytes: 1024 }] }, "closed"],
    [ROOT, { query: [{ name: "a b", value: "é" }] }, "closed"],
    [ROOT, { query: [{ name: "id", pattern: "^(?:1+)$", maxBytes: 1024 }] }, "closed"],
    [ROOT, { scheme: "https" }, "closed"],
    [ROOT, undefined, "open"],
  ),
  buildHost("**.a.example.com", [ROOT, undefined, "open"], [ROOT, { method: "POST" }, "closed"]),
  buildHost("**.example.com", [ROOT, { method: "GET" }, "open"], [ROOT, undefined, "closed"]),
];

export const CONDITIONED_QUERIES = [
  "?a+b=%C3%A9",
  "?a%20b=x&a+b=é",
  "?id=1",
  "?id=1x",
  `?id=${LONG_VALUE}`,
  "?ID=1&id",
];
export const CONDITIONED_PATHS = ["/admin", "/admin/x", "/v1/x", `/v1/${LONG_VALUE}`];
export const CONDITIONED_HEADERS = ["always", "1", "2", LONG_VALUE].map((value) => ["X-Canary", value] as const);
