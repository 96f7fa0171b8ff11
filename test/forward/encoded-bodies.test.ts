import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { buildManifests, type IngressSummary } from "../support/manifests.ts";
import { sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const PAGE = "<p>hello</p>".repeat(500);
/** The bytes of one page in each encoding. */
const ENCODED_BODIES: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(PAGE),
  br: brotliCompressSync(PAGE),
  deflate: deflateSync(PAGE),
  zstd: zstdCompressSync(PAGE),
  "gzip, br": brotliCompressSync(gzipSync(PAGE)),
  identity: Buffer.from(PAGE),
};
const [RANGE_START, RANGE_END] = [10, 39];

/** One Ingress for each policy that handles a response, and one for all of them. */
const POLICIES: Readonly<Record<string, IngressSummary["annotations"]>> = {
  none: {},
  "read-timeout": { "proxy-read-timeout": "3600" },
  "send-timeout": { "proxy-send-timeout": "3600" },
  connections: { "limit-connections": "50" },
  rate: { "limit-rps": "1000" },
  errors: { "custom-http-errors": "404,503", "default-backend": "pages" },
  mirror: { "mirror-target": "http://pages" },
  "body-size": { "proxy-body-size": "1m" },
  cookies: { "proxy-cookie-path": "/ /shop", "proxy-cookie-domain": "internal shop.example.com" },
  redirects: { "proxy-redirect-from": "http://internal/", "proxy-redirect-to": "/" },
  affinity: { affinity: "cookie" },
  retries: { "proxy-next-upstream": "http_502", "proxy-next-upstream-tries": "0" },
  auth: { "auth-url": "http://pages/auth", "auth-always-set-cookie": "true" },
  cors: { "enable-cors": "true" },
};

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", respondEncoded);
  await edge.startOrigin("203.0.113.11:80", (request, response) => {
    if (request.url?.startsWith("/auth")) response.setHeader("Set-Cookie", "session=1").end();
    else respondEncoded(request, response);
  });
  await edge.startOrigin("203.0.113.12:80", (_, response) => response.writeHead(502).end());
  await edge.startOrigin("203.0.113.13:80", (_, response) => {
    const body = ENCODED_BODIES.gzip ?? Buffer.of();
    response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": body.length }).write(body.subarray(0, 20));
  });
  const single = Object.entries(POLICIES).map(([name, annotations = {}]) => [name, { annotations }] as const);
  await edge.publish(
    buildManifests(
      {
        ...Object.fromEntries(single),
        all: { annotations: Object.assign({}, ...Object.values(POLICIES)) },
        retries: { service: "flaky", ...(POLICIES.retries && { annotations: POLICIES.retries }) },
        failing: { service: "failing", annotations: { ...POLICIES.errors, "custom-http-errors": "502" } },
        paused: { service: "paused", annotations: { "proxy-read-timeout": "1" } },
      },
      {
        shop: ["203.0.113.10"],
        pages: ["203.0.113.11"],
        flaky: ["203.0.113.12", "203.0.113.10"],
        failing: ["203.0.113.12"],
        paused: ["203.0.113.13"],
      },
    ),
  );
});

after(() => edge.close());

/** Answers with the encoding and the range that the headers of the request ask for. */
function respondEncoded({ method, headers }: IncomingMessage, response: ServerResponse): void {
  const encoding = String(headers["x-encoding"]);
  const whole = ENCODED_BODIES[encoding] ?? Buffer.of();
  const hasRange = headers.range !== undefined;
  const bytes = hasRange ? whole.subarray(RANGE_START, RANGE_END + 1) : whole;
  response.writeHead(hasRange ? 206 : 200, {
    ...(encoding !== "identity" && { "Content-Encoding": encoding }),
    ...(hasRange && { "Content-Range": `bytes ${RANGE_START}-${RANGE_END}/${whole.length}` }),
    ETag: '"v1"',
    "Content-Length": bytes.length,
    "Set-Cookie": "a=1; Domain=internal; Path=/",
  });
  response.end(method === "HEAD" ? undefined : bytes);
}

type Variant = "whole" | "range" | "HEAD";

describe("Encoded bodies", { concurrency: true }, () => {
  for (const policy of [...Object.keys(POLICIES), "all"]) {
    test(`The client receives the bytes, length, entity tag and range of every encoding with policy ${policy}`, async () => {
      for (const encoding of Object.keys(ENCODED_BODIES)) {
        for (const variant of ["whole", "range", "HEAD"] as const) {
          assert.deepEqual(await fetchEncoded(policy, encoding, variant), describeExpected(encoding, variant));
        }
      }
    });
  }

  test("The client receives the bytes of an encoded error page", async () => {
    for (const encoding of ["gzip", "br"]) {
      assert.deepEqual(await fetchEncoded("failing", encoding, "whole"), describeExpected(encoding, "whole"));
    }
  });

  test("proxy-read-timeout breaks an encoded response that pauses too long, after the bytes that arrived", async () => {
    const response = await startRequest(edge, "http://paused.example.com/");
    const parts: Buffer[] = [];
    await assert.rejects(async () => {
      for await (const part of response) parts.push(part as Buffer);
    });
    assert.ok(Buffer.concat(parts).equals(ENCODED_BODIES.gzip?.subarray(0, 20) ?? Buffer.of()));
  });
});

async function fetchEncoded(policy: string, encoding: string, variant: Variant) {
  const { status, headers, bytes } = await sendRequest(edge, `http://${policy}.example.com/`, {
    method: variant === "HEAD" ? "HEAD" : "GET",
    headers: {
      "Accept-Encoding": "gzip, br",
      "X-Encoding": encoding,
      ...(variant === "range" && { Range: `bytes=${RANGE_START}-${RANGE_END}` }),
    },
  });
  return {
    request: `${encoding}, ${variant}`,
    status,
    encoding: headers["content-encoding"],
    length: headers["content-length"],
    entityTag: headers.etag,
    range: headers["content-range"],
    bytes: bytes.toString("base64"),
  };
}

function describeExpected(encoding: string, variant: Variant) {
  const whole = ENCODED_BODIES[encoding] ?? Buffer.of();
  const bytes = variant === "range" ? whole.subarray(RANGE_START, RANGE_END + 1) : whole;
  return {
    request: `${encoding}, ${variant}`,
    status: variant === "range" ? 206 : 200,
    encoding: encoding === "identity" ? undefined : encoding,
    length: String(bytes.length),
    entityTag: '"v1"',
    range: variant === "range" ? `bytes 10-39/${whole.length}` : undefined,
    bytes: variant === "HEAD" ? "" : bytes.toString("base64"),
  };
}
