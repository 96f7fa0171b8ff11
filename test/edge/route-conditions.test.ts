import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { publish } from "../../sync/publish/publish.ts";
import { buildRules } from "../support/publish/sample-rules.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const ROOT = { type: "prefix", path: "/" } as const;
type NamedMatch = readonly [name: string, path: Route["path"], when?: Route["when"]];

/** Returns a host whose routes redirect to their names. */
function buildHost(host: string, ...matches: readonly NamedMatch[]): HostRules {
  const routes = matches.map(([name, path, when], index): Route => {
    const redirect = { code: 302, location: `https://${name}.test/`, isRelative: false };
    return { id: `default/${name}#0.${index}`, path, ...(when && { when }), policies: { redirect } };
  });
  return { host, policies: {}, routes, backends: {} };
}

const HOSTS = [
  buildHost(
    "shop.example.com",
    ["regex", { type: "full-regex", pattern: "^(?:/Cart/\\d+)$" }],
    ["secure", ROOT, { scheme: "https" }],
    ["post", ROOT, { method: "POST" }],
    ["both", ROOT, { headers: [{ name: "x-a", value: "1, 2" }] }],
    ["bytes", ROOT, { headers: [{ name: "x-a", value: "é" }] }],
    ["pattern", ROOT, { headers: [{ name: "x-b", pattern: "^(?:a+)$", maxBytes: 1024 }] }],
    ["query", ROOT, { query: [{ name: "q", value: "1 é" }] }],
    ["longquery", ROOT, { query: [{ name: "p", pattern: "^(?:a*)$" }] }],
  ),
  buildHost("**.deep.example.com", ["deep", ROOT]),
  buildHost("**.example.com", ["shallow", ROOT]),
  buildHost("*.example.com", ["single", ROOT]),
];

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  const { kv, signer } = edge.account;
  const { generation } = await publish(buildRules(HOSTS), kv, signer, new Date());
  await waitForGeneration(edge.stack.http, generation);
});

after(() => edge.close());

/** Returns the name of the route that answers, or the status. */
async function fetchRoute(url: string, options?: RequestOptions): Promise<string> {
  const { status, headers } = await sendRequest(edge, url, options);
  return headers.location?.replace(/^https:\/\/(.*)\.test\/$/, "$1") ?? String(status);
}

describe("conditions at the edge", () => {
  const long = "a".repeat(1025);
  const cases: readonly (readonly [title: string, expected: string, url: string, RequestOptions?])[] = [
    ["A path that a whole regex matches", "regex", "http://shop.example.com/Cart/12"],
    ["A path that continues after the regex", "404", "http://shop.example.com/Cart/12/x"],
    ["A path in another case than the regex", "404", "http://shop.example.com/cart/12"],
    ["A request over https", "secure", "https://shop.example.com/"],
    ["A request over http that no route matches", "404", "http://shop.example.com/"],
    ["A POST", "post", "http://shop.example.com/", { method: "POST" }],
    ["A header in two lines", "both", "http://shop.example.com/", { headers: { "X-A": ["1", "2"] } }],
    [
      "A header with the bytes of its value",
      "bytes",
      "http://shop.example.com/",
      { headers: { "x-a": Buffer.from("é").toString("latin1") } },
    ],
    ["A header that a regex matches", "pattern", "http://shop.example.com/", { headers: { "x-b": "aa" } }],
    ["A header that is too long for its regex", "431", "http://shop.example.com/", { headers: { "x-b": long } }],
    ["A decoded query parameter", "query", "http://shop.example.com/?q=1+%C3%A9&q=2"],
    ["The second of two parameters", "404", "http://shop.example.com/?q=2&q=1+%C3%A9"],
    ["A parameter that is too long for its regex", "414", `http://shop.example.com/?p=${"a".repeat(4097)}`],
  ];
  for (const [title, expected, url, options] of cases)
    test(`${title} gets ${expected}`, async () => assert.equal(await fetchRoute(url, options), expected));
});

describe("names with any number of labels at the edge", () => {
  const cases = [
    ["other.example.com", "single"],
    ["a.other.example.com", "shallow"],
    ["a.b.c.other.example.com", "shallow"],
    ["x.deep.example.com", "deep"],
    ["x.y.deep.example.com", "deep"],
    ["deep.example.com", "single"],
    ["example.com", "404"],
  ] as const;
  for (const [host, expected] of cases)
    test(`The host ${host} gets ${expected}`, async () => assert.equal(await fetchRoute(`http://${host}/`), expected));
});
