import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { type EchoHarness, startEchoHarness } from "../support/fixture-worker.ts";
import {
  buildCluster,
  type OriginServer,
  type ReceivedResponse,
  sendToHost,
  startBrokenOrigin,
  startOriginServer,
  waitUntilTrue,
} from "../support/origins.ts";

const FIRST_ADDRESS = "203.0.113.10";
const SECOND_ADDRESS = "203.0.113.20";
const NEXT = "203.0.113.11";
const SHADOW = "203.0.113.12";
const STRANGER = "203.0.113.70";
const CHROME_55 =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/55.0.2883.87 Safari/537.36";
const SAFARI_MOJAVE =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/605.1.15";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";

const cleanups: (() => Promise<unknown>)[] = [];
let unresponsiveOrigin: Awaited<ReturnType<typeof startBrokenOrigin>>;
let edge: EchoHarness;
const origins: Record<string, OriginServer> = {};
const getOrigin = (address: string) => origins[address] as OriginServer;

before(async () => {
  edge = await startEchoHarness(["example.com", "example.net"]);
  cleanups.push(edge.close);
  const shadow = "http://shadow.default.svc.cluster.local";
  await edge.publish(
    buildCluster(
      {
        weighed: {},
        "weighed-canary": { service: "next", with: { canary: "true", "canary-weight": "30" } },
        sticky: { with: { affinity: "cookie" } },
        "sticky-canary": { service: "next", with: { canary: "true", "canary-weight": "50" } },
        legacy: { with: { affinity: "cookie" } },
        "legacy-canary": {
          service: "next",
          with: { canary: "true", "canary-weight": "50", "affinity-canary-behavior": "legacy" },
        },
        cond: {
          with: {
            affinity: "cookie",
            "session-cookie-samesite": "None",
            "session-cookie-conditional-samesite-none": "true",
          },
        },
        stays: { service: "half", with: { affinity: "cookie" } },
        moves: { service: "half", with: { affinity: "cookie", "session-cookie-change-on-failure": "true" } },
        path: { path: "/app", with: { affinity: "cookie" } },
        small: { service: "one", with: { "proxy-body-size": "10", "force-ssl-redirect": "false" } },
        large: { service: "one", with: { "proxy-body-size": "200k" } },
        first: { service: "one", with: { "proxy-body-size": "10", "force-ssl-redirect": "true" } },
        copied: { service: "one", with: { "mirror-target": `${shadow}$request_uri` } },
        bodyless: { service: "one", with: { "mirror-target": `${shadow}/copy`, "mirror-request-body": "off" } },
        named: { service: "one", with: { "mirror-target": `${shadow}/copy`, "mirror-host": "shadow.example.com" } },
        foreign: { service: "one", with: { "mirror-target": "http://mirror.example.net/copy" } },
        deaf: { service: "one", with: { "mirror-target": "http://deaf.default.svc/" } },
        looped: { service: "one", with: { "mirror-target": "http://$host$request_uri" } },
      },
      {
        one: [FIRST_ADDRESS],
        shop: [FIRST_ADDRESS, SECOND_ADDRESS],
        next: [NEXT],
        shadow: [SHADOW],
        deaf: ["203.0.113.60"],
        half: ["203.0.113.40", SECOND_ADDRESS],
      },
    ),
  );
  for (const address of [FIRST_ADDRESS, SECOND_ADDRESS, NEXT, SHADOW, STRANGER])
    origins[address] = await startOriginServer(`${address}:80`, edge.stack);
  cleanups.push(...Object.values(origins).map((origin) => origin.close));
  await addPublicName("mirror.example.net", STRANGER);
  unresponsiveOrigin = await startBrokenOrigin("203.0.113.60:80", edge.stack, "no-read");
  cleanups.push(unresponsiveOrigin.close, (await startBrokenOrigin("203.0.113.40:80", edge.stack, "refuse")).close);
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

beforeEach(() => {
  for (const [address, origin] of Object.entries(origins)) {
    origin.requests.length = 0;
    origin.respond = (response) => void response.end(address);
  }
});

/** A public name, which no Ingress has. */
async function addPublicName(name: string, content: string): Promise<void> {
  const zone = (await edge.account.dns.listZones()).find((each) => name.endsWith(`.${each.name}`));
  assert.ok(zone);
  await edge.account.dns.applyChange(zone, { add: [{ type: "A", name, content }], remove: [] });
}

const readCookie = (answered: ReceivedResponse) => answered.headers["set-cookie"]?.[0] ?? "";
const readCookiePair = (answered: ReceivedResponse) => readCookie(answered).split(";")[0] ?? "";

describe("a canary", () => {
  test("gets about its share", async () => {
    const asked = Array.from({ length: 200 }, () => sendToHost(edge.stack, "weighed.example.com", "/"));
    const share = (await Promise.all(asked)).filter(({ body }) => body === NEXT).length / asked.length;
    assert.ok(share > 0.15 && share < 0.45, `it got ${share}`);
  });

  test("keeps the clients that it had, and so does the primary", async () => {
    for (let count = 0; count < 8; count++) {
      const first = await sendToHost(edge.stack, "sticky.example.com", "/");
      for (let again = 0; again < 4; again++) {
        const later = await sendToHost(edge.stack, "sticky.example.com", "/", {
          headers: { Cookie: readCookiePair(first) },
        });
        assert.equal(later.body, first.body);
        assert.equal(later.headers["set-cookie"], undefined);
      }
    }
  });

  test("gives no cookie where affinity is not for it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => sendToHost(edge.stack, "legacy.example.com", "/")),
    );
    assert.deepEqual(new Set(answers.map(({ body }) => body === NEXT)), new Set([true, false]));
    for (const answered of answers) assert.equal(readCookiePair(answered) === "", answered.body === NEXT);
  });
});

describe("an affinity cookie", () => {
  test("does not hold the address, and leads back to it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => sendToHost(edge.stack, "path.example.com", "/app")),
    );
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set([FIRST_ADDRESS, SECOND_ADDRESS]));
    for (const answered of answers) {
      assert.match(readCookie(answered), /^INGRESSCOOKIE=[0-9a-f]{4}\|[0-9a-f]{8}; Path=\/app; HttpOnly$/);
      const back = await sendToHost(edge.stack, "path.example.com", "/app", {
        headers: { Cookie: readCookiePair(answered) },
      });
      assert.equal(back.body, answered.body);
    }
  });

  test("goes beside the origin's own cookies", async () => {
    for (const address of [FIRST_ADDRESS, SECOND_ADDRESS]) {
      getOrigin(address).respond = (response) => void response.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] }).end();
    }
    const { headers } = await sendToHost(edge.stack, "path.example.com", "/app");
    assert.deepEqual(
      headers["set-cookie"]?.map((cookie) => cookie.split("=")[0]),
      ["a", "b", "INGRESSCOOKIE"],
    );
  });

  test("leaves SameSite=None out for browsers that take it for Strict", async () => {
    const sameSite = async (browser: string) => {
      const answered = await sendToHost(edge.stack, "cond.example.com", "/", { headers: { "User-Agent": browser } });
      return /SameSite=\w+/.exec(readCookie(answered))?.[0];
    };
    assert.equal(await sameSite(CHROME_55), undefined);
    assert.equal(await sameSite(SAFARI_MOJAVE), undefined);
    assert.equal(await sameSite("Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X)"), undefined);
    assert.equal(await sameSite(FIREFOX), "SameSite=None");
    assert.equal(await sameSite(CHROME_55.replace("Chrome/55", "Chrome/121")), "SameSite=None");
  });

  test("stays where its address fails, unless it is to move", async () => {
    // The address that nobody listens at has this name in cookies, whatever the backend.
    const cookie = await fetchClosedOriginCookie();
    const stays = await sendToHost(edge.stack, "stays.example.com", "/", { headers: { Cookie: cookie } });
    assert.deepEqual([stays.body, stays.headers["set-cookie"]], [SECOND_ADDRESS, undefined]);
    const moves = await sendToHost(edge.stack, "moves.example.com", "/", { headers: { Cookie: cookie } });
    assert.equal(moves.body, SECOND_ADDRESS);
    assert.match(readCookiePair(moves), /^INGRESSCOOKIE=/);
    assert.notEqual(readCookiePair(moves), cookie);
  });
});

/** A cookie for an address at which somebody listened, until the client had it. */
async function fetchClosedOriginCookie(): Promise<string> {
  const alive = await startOriginServer("203.0.113.40:80", edge.stack);
  try {
    for (;;) {
      const answered = await sendToHost(edge.stack, "stays.example.com", "/");
      if (answered.body === "203.0.113.40:80") return readCookiePair(answered);
    }
  } finally {
    await alive.close();
  }
}

describe("a body", { timeout: 20_000 }, () => {
  test("that is announced as too large is refused before anything else is answered", async () => {
    const refused = await sendToHost(edge.stack, "first.example.com", "/", { method: "POST", body: "x".repeat(11) });
    assert.deepEqual([refused.status, refused.headers.location], [413, undefined]);
    assert.equal((await sendToHost(edge.stack, "first.example.com", "/", { method: "POST", body: "x" })).status, 308);
    const huge = await sendToHost(edge.stack, "first.example.com", "/", {
      method: "POST",
      body: "x".repeat(3_000_000),
    });
    assert.equal(huge.status, 413);
    assert.equal(getOrigin(FIRST_ADDRESS).requests.length, 0);
  });

  test("may have just the size that is let in", async () => {
    for (const chunked of [true, false]) {
      const sent = { method: "PUT", body: "x".repeat(10), chunked };
      assert.equal((await sendToHost(edge.stack, "small.example.com", "/", sent)).status, 200);
      const more = { ...sent, body: "x".repeat(11) };
      assert.equal((await sendToHost(edge.stack, "small.example.com", "/", more)).status, 413);
    }
    assert.deepEqual(
      getOrigin(FIRST_ADDRESS).requests.map(({ body }) => body.length),
      [10, 10],
    );
  });

  test("that turns out to be too large on its way never reaches the origin whole", async () => {
    const sent = { method: "PUT", chunked: true };
    const fits = await sendToHost(edge.stack, "large.example.com", "/", { ...sent, body: "x".repeat(200 * 1024) });
    assert.equal(fits.status, 200);
    const refused = await sendToHost(edge.stack, "large.example.com", "/", {
      ...sent,
      body: "x".repeat(200 * 1024 + 1),
    });
    assert.equal(refused.status, 413);
    assert.deepEqual(
      getOrigin(FIRST_ADDRESS).requests.map(({ body }) => body.length),
      [200 * 1024],
    );
  });
});

describe("a copy of a request", { timeout: 20_000 }, () => {
  const copy = async (host: string, sent: Parameters<typeof sendToHost>[3] = {}) => {
    const answered = await sendToHost(edge.stack, `${host}.example.com`, "/a?b=c", sent);
    assert.deepEqual([answered.status, answered.body], [200, FIRST_ADDRESS]);
    await waitUntilTrue(() => getOrigin(SHADOW).requests.length === 1);
    return getOrigin(SHADOW).requests[0];
  };

  test("has its method, path, body and who asked", async () => {
    const headers = { Cookie: "a=1", Authorization: "Basic eDp5", "X-Own": "kept" };
    const seen = await copy("copied", { method: "POST", body: "payload", headers });
    assert.deepEqual([seen?.method, seen?.path, seen?.body.toString()], ["POST", "/a?b=c", "payload"]);
    assert.equal(seen?.headers["content-length"], "7");
    assert.deepEqual(
      [seen?.headers.cookie, seen?.headers.authorization, seen?.headers["x-own"]],
      ["a=1", "Basic eDp5", "kept"],
    );
    assert.equal(getOrigin(FIRST_ADDRESS).requests[0]?.body.toString(), "payload");
    assert.equal(getOrigin(FIRST_ADDRESS).requests[0]?.headers["content-length"], "7");
  });

  test("has the whole of a body of unknown length", async () => {
    const body = Buffer.alloc(700_000, "abc");
    const seen = await copy("copied", { method: "PUT", body, chunked: true });
    assert.ok(seen?.body.equals(body));
    assert.ok(getOrigin(FIRST_ADDRESS).requests[0]?.body.equals(body));
  });

  test("has no body where it is to have none", async () => {
    const seen = await copy("bodyless", { method: "POST", body: "payload" });
    assert.deepEqual([seen?.method, seen?.path, seen?.body.length], ["POST", "/copy", 0]);
  });

  test("can have a Host of its own, in the same zone", async () => {
    assert.equal((await copy("named"))?.headers.host, "shadow.example.com");
    assert.equal(getOrigin(FIRST_ADDRESS).requests[0]?.headers.host, "named.example.com");
  });

  test("makes no difference where nobody answers it, or badly", async () => {
    getOrigin(SHADOW).respond = (response) => void response.writeHead(500).end("x".repeat(100_000));
    await copy("copied");
    getOrigin(SHADOW).requests.length = 0;
    getOrigin(SHADOW).respond = () => {};
    await copy("copied");
  });

  test("is given up where it is too slow, and the request goes on", async () => {
    const body = Buffer.alloc(20_000_000, "abc");
    const headers = { Host: "deaf.example.com", "Content-Length": body.length };
    const { port } = edge.stack.http;
    const sent = request({ host: "127.0.0.1", port, method: "PUT", headers, agent: false });
    sent.write(body.subarray(0, 1000));
    await waitUntilTrue(() => unresponsiveOrigin.sockets.length === 1); // else it might be given up before it is begun
    sent.end(body.subarray(1000));
    const [answered] = (await once(sent, "response")) as [IncomingMessage];
    assert.equal(answered.statusCode, 200);
    assert.ok(getOrigin(FIRST_ADDRESS).requests[0]?.body.equals(body));
    let read = 0;
    const socket = unresponsiveOrigin.sockets[0];
    socket?.on("data", (part) => (read += part.length)).resume();
    await waitUntilTrue(() => socket?.closed === true); // it may be closed already, so an event could be missed
    assert.ok(read < body.length, `it was sent ${read} bytes`);
  });

  test("does not tell strangers who the client is", async () => {
    const headers = { Cookie: "a=1", Authorization: "Basic eDp5", "X-Own": "kept" };
    await sendToHost(edge.stack, "foreign.example.com", "/", { method: "POST", body: "payload", headers });
    await waitUntilTrue(() => getOrigin(STRANGER).requests.length === 1);
    const [seen] = getOrigin(STRANGER).requests;
    assert.deepEqual(
      [seen?.path, seen?.body.toString(), seen?.headers.host],
      ["/copy", "payload", "mirror.example.net"],
    );
    assert.deepEqual(
      [seen?.headers.cookie, seen?.headers.authorization, seen?.headers["x-own"]],
      [undefined, undefined, "kept"],
    );
  });

  test("that leads to its own path ends", async () => {
    assert.equal((await sendToHost(edge.stack, "looped.example.com", "/")).status, 200);
    await waitUntilTrue(() => getOrigin(FIRST_ADDRESS).requests.length === 3); // the request, its copy, and the copy's
  });
});
