import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RouteFilter } from "../../../src/rules/policies/route-filters.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

type Row = readonly [match: string, replacement: string, request: string, expected: string];

// The table of the specification, and paths that hide its prefixes.
const ROWS: readonly Row[] = [
  ["/foo", "/xyz", "/foo/bar", "/xyz/bar"],
  ["/foo", "/xyz/", "/foo/bar", "/xyz/bar"],
  ["/foo/", "/xyz", "/foo/bar", "/xyz/bar"],
  ["/foo/", "/xyz/", "/foo/bar", "/xyz/bar"],
  ["/foo", "/xyz", "/foo", "/xyz"],
  ["/foo/", "/xyz", "/foo/", "/xyz/"],
  ["/foo", "", "/foo/bar", "/bar"],
  ["/foo/", "", "/foo/", "/"],
  ["/foo", "", "/foo", "/"],
  ["/foo", "/", "/foo/", "/"],
  ["/", "/foo", "/test", "/foo/test"],
  ["/", "/foo", "/", "/foo/"],
  ["/", "/", "/test", "/test"],
  ["/foo", "/xyz", "/foo/foo/foo?a=/foo", "/xyz/foo/foo?a=/foo"],
  ["/foo", "/xyz", "/foo/a%2Fb%20c;d=1?e=%2F", "/xyz/a%2Fb%20c;d=1?e=%2F"],
  ["/foo", "/xyz", "/foo%2Fbar", "/xyz/bar"],
  ["/foo", "/xyz", "/foo/caf%C3%A9/%e9", "/xyz/caf%C3%A9/%e9"],
  ["/foo", "/xyz", "/%66oo/bar?", "/xyz/bar?"],
  ["/foo", "/xyz", "/foo//bar/", "/xyz/bar/"],
  ["/foo", "/xyz", "/a/../foo/./bar", "/xyz/bar"],
  ["/caf%C3%A9", "/x", "/caf%c3%a9/b", "/x/b"],
  ["/a;b", "/x", "/a;b/c", "/x/c"],
  ["/foo", "/x y/é", "/foo/bar", "/x%20y/%C3%A9/bar"],
  ["/foo", "/x%20y", "/foo/bar", "/x%20y/bar"],
];

let edge: WorkerHarness;
let origin: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  origin = await startOriginServer("203.0.113.10:80", edge.stack);
  const routes = ROWS.flatMap(([match, replacement], index) => {
    const path = { type: "prefix", match, replacement } as const;
    const build = (filter: RouteFilter) => ({ service: "shop", policies: { routeFilters: { filters: [filter] } } });
    return [
      [`rewrite-${index}`, build({ type: "rewrite", path })],
      [`redirect-${index}`, build({ type: "redirect", code: 302, path })],
    ] as const;
  });
  await publishRoutes(edge, Object.fromEntries(routes), { shop: ["203.0.113.10"] });
});

after(async () => {
  await edge.close();
  await origin.close();
});

describe("replaced prefixes", () => {
  ROWS.forEach(([match, replacement, request, expected], index) => {
    test(`With ${JSON.stringify(replacement)} for ${match}, ${request} becomes ${expected}`, async () => {
      await sendRequest(edge, `http://rewrite-${index}.example.com${request}`);
      assert.equal(origin.requests.at(-1)?.path, expected);
      const { headers } = await sendRequest(edge, `http://redirect-${index}.example.com${request}`);
      assert.equal(headers.location, `http://redirect-${index}.example.com${expected}`);
    });
  });
});
