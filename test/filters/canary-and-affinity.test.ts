import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { type ReceivedResponse, type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const FIRST_ADDRESS = "203.0.113.10";
const SECOND_ADDRESS = "203.0.113.20";
const CANARY_ADDRESS = "203.0.113.11";
const CLOSED_ADDRESS = "203.0.113.40";
const CHROME_55 =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/55.0.2883.87 Safari/537.36";
const SAFARI_MOJAVE =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/605.1.15";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  const affinity = { affinity: "cookie" };
  const sameSiteNone = { "session-cookie-samesite": "None", "session-cookie-conditional-samesite-none": "true" };
  const retried = { ...affinity, "proxy-next-upstream": "http_52x" };
  await edge.publish(
    buildManifests(
      {
        weighed: {},
        "weighed-canary": buildCanary(30),
        pattern: {},
        "pattern-canary": {
          service: "next",
          annotations: { canary: "true", "canary-by-header": "X-Next", "canary-by-header-pattern": "^(?:a|b)+$" },
        },
        sticky: { annotations: affinity },
        "sticky-canary": buildCanary(50),
        legacy: { annotations: affinity },
        "legacy-canary": buildCanary(50, { "affinity-canary-behavior": "legacy" }),
        cond: { annotations: { ...affinity, ...sameSiteNone } },
        stays: { service: "half", annotations: retried },
        moves: { service: "half", annotations: { ...retried, "session-cookie-change-on-failure": "true" } },
        path: { path: "/app", annotations: affinity },
      },
      {
        shop: [FIRST_ADDRESS, SECOND_ADDRESS],
        next: [CANARY_ADDRESS],
        half: [CLOSED_ADDRESS, SECOND_ADDRESS],
      },
    ),
  );
  const addresses = [FIRST_ADDRESS, SECOND_ADDRESS, CANARY_ADDRESS];
  origins = await Promise.all(addresses.map((address) => startOriginServer(`${address}:80`, edge.stack)));
  await startBrokenOrigin(`${CLOSED_ADDRESS}:80`, edge.stack, "refuse");
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

beforeEach(() => {
  for (const [index, address] of [FIRST_ADDRESS, SECOND_ADDRESS, CANARY_ADDRESS].entries()) {
    const origin = origins[index];
    if (origin) origin.respond = (response) => void response.end(address);
  }
});

function buildCanary(weight: number, annotations = {}) {
  return { service: "next", annotations: { canary: "true", "canary-weight": String(weight), ...annotations } };
}

function send(host: string, options: RequestOptions = {}, path = "/") {
  return sendRequest(edge, `http://${host}.example.com${path}`, options);
}

function sendMany(count: number, host: string, path = "/") {
  return Promise.all(Array.from({ length: count }, () => send(host, {}, path)));
}

const readCookie = ({ headers }: ReceivedResponse) => headers["set-cookie"]?.[0] ?? "";
const readCookiePair = (response: ReceivedResponse) => readCookie(response).split(";")[0] ?? "";

test("A canary with canary-weight 30 receives about 30 % of the requests", async () => {
  const responses = await sendMany(200, "weighed");
  const share = responses.filter(({ body }) => body === CANARY_ADDRESS).length / responses.length;
  assert.ok(share > 0.15 && share < 0.45, `the canary's share was ${share}`);
});

test("A header longer than 1,024 characters cannot match canary-by-header-pattern", async () => {
  const sendHeader = async (value: string) => (await send("pattern", { headers: { "X-Next": value } })).body;
  assert.equal(await sendHeader("ab".repeat(512)), CANARY_ADDRESS);
  for (const length of [1025, 15_000]) assert.notEqual(await sendHeader("a".repeat(length)), CANARY_ADDRESS);
});

test("The affinity cookie keeps the clients of the canary on the canary, and those of the primary on the primary", async () => {
  for (let count = 0; count < 8; count++) {
    const first = await send("sticky");
    for (let repetition = 0; repetition < 4; repetition++) {
      const later = await send("sticky", { headers: { Cookie: readCookiePair(first) } });
      assert.equal(later.body, first.body);
      assert.equal(later.headers["set-cookie"], undefined);
    }
  }
});

test("A canary with affinity-canary-behavior legacy sets no cookie", async () => {
  const responses = await sendMany(40, "legacy");
  assert.deepEqual(new Set(responses.map(({ body }) => body === CANARY_ADDRESS)), new Set([true, false]));
  for (const response of responses) {
    assert.equal(readCookiePair(response) === "", response.body === CANARY_ADDRESS);
  }
});

test("The affinity cookie does not contain the address, and selects the same address again", async () => {
  const responses = await sendMany(40, "path", "/app");
  assert.deepEqual(new Set(responses.map(({ body }) => body)), new Set([FIRST_ADDRESS, SECOND_ADDRESS]));
  for (const response of responses) {
    assert.match(readCookie(response), /^INGRESSCOOKIE=[0-9a-f]{4}\|[0-9a-f]{8}; Path=\/app; HttpOnly$/);
    const later = await send("path", { headers: { Cookie: readCookiePair(response) } }, "/app");
    assert.equal(later.body, response.body);
  }
});

test("The client receives the affinity cookie in addition to the origin's cookies", async () => {
  for (const origin of origins) {
    origin.respond = (response) => void response.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] }).end();
  }
  const { headers } = await send("path", {}, "/app");
  assert.deepEqual(
    headers["set-cookie"]?.map((cookie) => cookie.split("=")[0]),
    ["a", "b", "INGRESSCOOKIE"],
  );
});

test("The affinity cookie has no SameSite=None for browsers that treat it as Strict", async () => {
  const fetchSameSite = async (browser: string) => {
    const response = await send("cond", { headers: { "User-Agent": browser } });
    return /SameSite=\w+/.exec(readCookie(response))?.[0];
  };
  assert.equal(await fetchSameSite(CHROME_55), undefined);
  assert.equal(await fetchSameSite(SAFARI_MOJAVE), undefined);
  assert.equal(await fetchSameSite("Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X)"), undefined);
  assert.equal(await fetchSameSite("Mozilla/5.0 (iPad; CPU OS 12_4 like Mac OS X)"), undefined);
  assert.equal(await fetchSameSite(SAFARI_MOJAVE.replace("10_14_6", "10_15_7")), "SameSite=None");
  assert.equal(await fetchSameSite(SAFARI_MOJAVE.replace("Version", "Chrome/121 Version")), "SameSite=None");
  assert.equal(await fetchSameSite(SAFARI_MOJAVE.replaceAll("Safari", "Firefox")), "SameSite=None");
  assert.equal(await fetchSameSite(FIREFOX), "SameSite=None");
  assert.equal(await fetchSameSite(CHROME_55.replace("Chrome/55", "Chrome/121")), "SameSite=None");
});

test("The affinity cookie of a failed address stays, unless session-cookie-change-on-failure is true", async () => {
  // The closed address has the same name in the cookies of every backend.
  const cookie = await fetchClosedOriginCookie();
  const staying = await send("stays", { headers: { Cookie: cookie } });
  assert.deepEqual([staying.body, staying.headers["set-cookie"]], [SECOND_ADDRESS, undefined]);
  const moving = await send("moves", { headers: { Cookie: cookie } });
  assert.equal(moving.body, SECOND_ADDRESS);
  assert.match(readCookiePair(moving), /^INGRESSCOOKIE=/);
  assert.notEqual(readCookiePair(moving), cookie);
});

/** Returns a cookie for the closed address, whose origin listens until the client has the cookie. */
async function fetchClosedOriginCookie(): Promise<string> {
  const open = await startOriginServer(`${CLOSED_ADDRESS}:80`, edge.stack);
  try {
    for (;;) {
      const response = await send("stays");
      if (response.body === `${CLOSED_ADDRESS}:80`) return readCookiePair(response);
    }
  } finally {
    await open.close();
  }
}
