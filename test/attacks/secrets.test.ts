import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildIngressManifest, buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SECRET = "s3cret";
const SOURCES = "$arg_token$cookie_session$http_authorization$remote_user";

/** Annotations that read secrets of a client, or fail in a way that could describe them, by the host's first label. */
const ANNOTATIONS: Readonly<Record<string, Record<string, string>>> = {
  routed: {},
  password: { "auth-type": "basic", "auth-secret": "staff" },
  service: {
    "auth-url": `http://gate.default.svc/verify/${SOURCES}`,
    "auth-signin": `https://sso.example.org/?t=${SOURCES}`,
  },
  unreachable: { "auth-url": `http://down.default.svc/verify/${SOURCES}` },
  internet: { "auth-url": `https://auth.invalid/verify?t=${SOURCES}` },
  unnamed: { "auth-url": `https://$arg_token.auth.invalid/` },
  header: { "auth-url": "http://gate.default.svc/", "auth-proxy-set-headers": "default/headers" },
  redirect: { "permanent-redirect": `https://www.example.org/${SOURCES}` },
  relative: { "permanent-redirect": "/$arg_token", "relative-redirects": "true" },
  vhost: { "upstream-vhost": "$arg_token.example.com" },
  hash: { "upstream-hash-by": SOURCES },
  cache: { "auth-url": "http://gate.default.svc/allow", "auth-cache-key": SOURCES },
  mirror: { "mirror-target": `https://copy.invalid/${SOURCES}` },
  rewritten: { "rewrite-target": `/${SOURCES}` },
  limited: { "limit-rpm": "1", "limit-burst-multiplier": "1" },
  pages: { "custom-http-errors": "404,502", "default-backend": "down" },
  origin: { affinity: "cookie", "session-cookie-name": "session" },
};

let edge: WorkerHarness;
let shop: OriginServer;
let gate: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  gate = await startOriginServer("203.0.113.11:80", edge.stack);
  gate.respond = (response, { path }) =>
    void response.writeHead(path === "/allow" ? 200 : 401, { "X-Echo": path }).end();
  edge.stack.forward("203.0.113.12:80", "127.0.0.1:9"); // refuses connections
  await edge.publish([
    ...buildManifests(
      Object.fromEntries(Object.entries(ANNOTATIONS).map(([host, annotations]) => [host, { annotations }])),
      { shop: ["203.0.113.10"], gate: ["203.0.113.11"], down: ["203.0.113.12"] },
    ),
    buildIngressManifest("down", "down.example.com", { "/": "down" }),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: `ann:{PLAIN}${SECRET}\n` } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "headers" }, data: { "X-Token": SOURCES } },
  ]);
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), gate.close()]);
});

const SPELLINGS = [
  SECRET,
  `\t${SECRET}`,
  `${SECRET}\u00e9`,
  `%0d%0a${SECRET}`,
  `../${SECRET}`,
  `<${SECRET}>`,
  `[${SECRET}`,
];

test("No access line contains a token of a query, a cookie or a password, however the request ends", async () => {
  const outcomes = new Set<unknown>();
  const forms = new Set([SECRET]);
  for (const host of [...Object.keys(ANNOTATIONS), "down", "unknown"]) {
    await Promise.all(
      SPELLINGS.map(async (text, index) => {
        const id = `${host}-${index}`;
        const credentials = Buffer.from(index % 2 ? `ann:${text}` : `${text}:x`).toString("base64");
        forms.add(credentials);
        const headers = {
          "X-Request-ID": id,
          Authorization: `Basic ${credentials}`,
          Cookie: `session=${Buffer.from(text).toString("latin1")}`,
          "X-Api-Key": SECRET,
        };
        const path = `/?token=${encodeURI(text)}`;
        await sendRequest(edge, `http://${host}.example.com${path}`, { method: index === 3 ? "POST" : "GET", headers });
        outcomes.add((await edge.waitForAccessLine(id)).outcome);
      }),
    );
  }
  const lines = edge.lines.join("\n");
  for (const form of forms) {
    const index = lines.indexOf(form);
    assert.equal(index, -1, lines.slice(Math.max(0, index - 300), index + 100));
  }
  const expected = ["bad-request", "denied", "failed-closed", "no-route", "origin-unreachable", "rate-limited"];
  assert.deepEqual([...outcomes].toSorted(), [...expected, "redirected", "routed"]);
});
