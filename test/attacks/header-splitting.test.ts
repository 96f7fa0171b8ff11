import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRaw } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const GATE = "http://gate.default.svc";
/** Annotations that send a text of the client to a header, by the host's first label. */
const ANNOTATIONS: Readonly<Record<string, Record<string, string>>> = {
  redirect: { "permanent-redirect": "https://www.example.org/$TEXT" },
  relative: { "permanent-redirect": "/$TEXT", "relative-redirects": "true" },
  temporal: { "temporal-redirect": "https://www.example.org/$TEXT" },
  target: { "rewrite-target": "https://www.example.org/$TEXT" },
  prefix: { "rewrite-target": "/fixed", "x-forwarded-prefix": "/p/$TEXT" },
  path: { "rewrite-target": "/x/$TEXT" },
  root: { "app-root": "/$TEXT" },
  sign: { "auth-url": `${GATE}/deny`, "auth-signin": "https://sso.example.org/$TEXT" },
  back: { "auth-url": `${GATE}/allow`, "auth-request-redirect": "/$TEXT" },
  header: { "auth-url": `${GATE}/allow`, "auth-proxy-set-headers": "default/headers-TEXT" },
  service: { "auth-url": `${GATE}/allow/$TEXT` },
  vhost: { "upstream-vhost": "$TEXT.example.com" },
  mirror: { "mirror-target": `${GATE}/copy/$TEXT` },
  hash: { "upstream-hash-by": "$TEXT" },
  cache: { "auth-url": `${GATE}/allow`, "auth-cache-key": "$TEXT" },
};
const VARIABLES = { user: "remote_user", capture: "1", cookie: "cookie_x", argument: "arg_x" };
const SPLITS = ["a\r\nX-Split: 1\r\n\r\n", "a\nX-Split: 1", "a\rX-Split: 1", "a\tb", "a\0b", "a\x7fb", "é\u2028", " "];

let edge: WorkerHarness;
let origin: ListeningServer;
let received = "";

before(async () => {
  edge = await startWorkerHarness();
  origin = await listen(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.setEncoding("latin1").on("data", (part) => {
        received += part;
        const status = String(part).includes("/deny") ? "401 Unauthorized" : "200 OK";
        if (String(part).includes("\r\n\r\n")) socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
      });
    }),
    0,
  );
  for (const address of ["203.0.113.10:80", "203.0.113.11:80"]) edge.stack.forward(address, `127.0.0.1:${origin.port}`);
  const ingresses = Object.entries(VARIABLES).flatMap(([kind, variable]) =>
    Object.entries(ANNOTATIONS).map(([host, annotations]) => {
      const values = Object.entries(annotations).map(([name, value]) => [
        name,
        value.replace("$TEXT", () => (kind === "capture" ? "$1" : `$${variable}`)).replace("TEXT", kind),
      ]);
      return [
        `${host}-${kind}`,
        { path: "/([^!]*)", annotations: { "use-regex": "true", ...Object.fromEntries(values) } },
      ] as const;
    }),
  );
  await edge.publish([
    ...buildManifests(Object.fromEntries(ingresses), { shop: ["203.0.113.10"], gate: ["203.0.113.11"] }),
    ...Object.entries(VARIABLES).map(([kind, variable]) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `headers-${kind}` },
      data: { "X-Text": `$${variable}` },
    })),
  ]);
});

after(async () => {
  await edge.close();
  await origin.close();
});

beforeEach(() => {
  received = "";
});

/** Returns the request that has a text in the source of each variable. */
function buildRequest(host: string, kind: string, text: string, id: string): string {
  const escaped = [...Buffer.from(text, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const path = { user: "/", cookie: "/", capture: `/${escaped}`, argument: `/?x=${escaped}` }[kind];
  const credentials = Buffer.from(`${text}:secret-password`, "utf8").toString("base64");
  const isSendable = !/[\r\n\0]/.test(text); // the front rejects it in a header
  const headers = [
    `Host: ${host}.example.com`,
    `X-Request-ID: ${id}`,
    ...(kind === "user" ? [`Authorization: Basic ${credentials}`] : []),
    ...(kind === "cookie" ? [`Cookie: x=${isSendable ? Buffer.from(text, "utf8").toString("latin1") : escaped}`] : []),
    "Connection: close",
  ];
  return [`GET ${path} HTTP/1.1`, ...headers, "", ""].join("\r\n");
}

describe("A text of a client in a header", { timeout: 120_000 }, () => {
  for (const kind of Object.keys(VARIABLES)) {
    test(`No ${kind} of a client splits a header, in any annotation`, async () => {
      await Promise.all(
        Object.keys(ANNOTATIONS).flatMap((name) =>
          SPLITS.map(async (text, index) => {
            const id = `${name}-${kind}-${index}`;
            const response = await sendRaw(edge, buildRequest(`${name}-${kind}`, kind, text, id));
            const head = response.slice(0, response.indexOf("\r\n\r\n"));
            assert.match(head, /^HTTP\/1\.1 (200|30[1-8]|400|401|500) /, `${id}: ${head}`);
            assert.equal(head.match(/^HTTP\//gm)?.length, 1, id);
            assert.doesNotMatch(head, /^X-Split/im, id);
            assert.doesNotMatch(head.replaceAll("\r\n", ""), /[\x00-\x08\x0a-\x1f\x7f]/, id);
          }),
        ),
      );
      assert.doesNotMatch(received, /^X-Split/im);
      assert.doesNotMatch(received.replaceAll("\r\n", ""), /[\x00-\x08\x0a-\x1f\x7f]/);
    });
  }
});
