import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildIngressManifest, buildManifests, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { findHeaderValues, sendRequest } from "../support/worker/http-requests.ts";
import { createQueryOrigin } from "../support/worker/query-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SIGN_IN = "https://sso.example.org";
// Paths that a browser, or a proxy that decodes or merges, could read as another host.
const PATHS = [
  ...[
    "//evil.example.org",
    "///evil.example.org",
    "//evil.example.org/%2e%2e",
    "/\\evil.example.org",
    "/\\/evil.example.org",
  ],
  ...[
    "\\\\evil.example.org",
    "/%5cevil.example.org",
    "/%5Cevil.example.org",
    "/%2f/evil.example.org",
    "/%2Fevil.example.org",
  ],
  ...[
    "/%09/evil.example.org",
    "/%0a/evil.example.org",
    "/%0d%0aLocation:%20https://evil.example.org",
    "/%20/evil.example.org",
  ],
  ...[
    "/.evil.example.org",
    "/@evil.example.org",
    "/:80@evil.example.org",
    "/;@evil.example.org",
    "/%40evil.example.org",
  ],
  ...[
    "/https://evil.example.org",
    "/?//evil.example.org",
    "/?@evil.example.org",
    "/x/..//evil.example.org",
    "/./\\evil.example.org",
  ],
  ...["/%00/evil.example.org", "/%7f/evil.example.org", "/%E3%80%82evil.example.org"],
];
const URI_TEMPLATES = ["$request_uri", "$uri", "/$uri", "/$arg_to", "/$1"];

let edge: WorkerHarness;
/** The hosts that each host may redirect to. */
const allowedHosts = new Map<string, readonly string[]>();
const usesArgument = new Set<string>();

function buildRedirect(name: string, annotations: Record<string, string>, path = "/", target = `${name}.example.com`) {
  allowedHosts.set(`${name}.example.com`, [target]);
  if (JSON.stringify(annotations).includes("$arg_to")) usesArgument.add(`${name}.example.com`);
  return buildIngressManifest(name, `${name}.example.com`, { [path]: "shop" }, withNginxPrefix(annotations));
}

before(async () => {
  const regex = { "use-regex": "true" };
  const { respondAs } = createQueryOrigin();
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", respondAs("shop", "status"));
  await edge.startOrigin("203.0.113.11:80", (_, response) => void response.writeHead(401).end());
  const templates = URI_TEMPLATES.flatMap((template, index) =>
    ["permanent", "temporal"].flatMap((kind) =>
      ["true", "false"].map((relative) => {
        if (kind === "temporal" && template.startsWith("/")) return undefined; // needs a URL or a variable
        const annotations = { ...regex, [`${kind}-redirect`]: template, "relative-redirects": relative };
        return buildRedirect(`${kind}-${relative}-${index}`, annotations, "/(.*)");
      }),
    ),
  );
  const www = "www.example.com";
  await edge.publish([
    ...templates.filter((template) => template !== undefined),
    buildRedirect("fixed", { "permanent-redirect": `https://${www}$request_uri` }, "/", www),
    buildRedirect("ssl", { "force-ssl-redirect": "true" }),
    buildRedirect("bare", { "from-to-www-redirect": "true" }),
    buildRedirect("root", { "app-root": "/app/$arg_to" }),
    buildRedirect("rooturi", { "app-root": "/$request_uri" }),
    buildRedirect("sign", { "auth-url": "http://gate.default.svc/", "auth-signin": SIGN_IN }, "/", "sso.example.org"),
    buildRedirect("signhost", { "auth-url": "http://gate.default.svc/", "auth-signin": "https://$host/start" }),
    buildRedirect("rewritten", { ...regex, "rewrite-target": `https://${www}/$1` }, "/(.*)", www),
    ...buildManifests({}, { shop: ["203.0.113.10"] }),
    buildServiceManifest("gate", ["203.0.113.11"]),
  ]);
  allowedHosts.set("www.bare.example.com", ["bare.example.com"]);
  allowedHosts.delete("bare.example.com"); // it has the routes
});

after(() => edge.close());

/** Returns the host that a browser, or a client that merges slashes and backslashes, goes to. */
function findTargetHosts(location: string, base: string): string[] {
  const lenient = location.replace(/[\t\r\n]/g, "").replace(/^\s+/, "");
  return [location, lenient].map((text) => new URL(text, base).hostname);
}

describe("A path of a client", { timeout: 60_000 }, () => {
  test("No path or parameter leads a redirect to another host, whatever annotation redirects", async () => {
    const redirected = new Set<string>();
    for (const [host, targets] of allowedHosts) {
      const values = usesArgument.has(host) ? [...PATHS, ...PATHS.map(encodeURIComponent)] : [];
      const urls = [...PATHS, ...values.map((value) => `/?to=${value}`)];
      await Promise.all(
        urls.map(async (path) => {
          const { status, headers, rawHeaders } = await sendRequest(edge, `http://${host}${path}`);
          const { location } = headers;
          if (location === undefined) return;
          redirected.add(host);
          assert.ok(status >= 301 && status <= 308, `${status}`);
          assert.equal(findHeaderValues(rawHeaders, "location").length, 1);
          assert.match(location, /^[\x21-\x7e]+$/);
          for (const target of findTargetHosts(location, `http://${host}${path}`))
            assert.ok(targets.includes(target), `${host}${path} redirects to ${location}`);
        }),
      );
    }
    assert.deepEqual(
      [...allowedHosts.keys()].filter((host) => !redirected.has(host)),
      [],
    );
  });
});
