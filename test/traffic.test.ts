import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { type Edge, startEdge } from "./support/fixture-edge.ts";
import { brokenAt, clusterWith, type Origin, originAt, type Received, send, until } from "./support/origins.ts";

const FIRST = "203.0.113.10";
const SECOND = "203.0.113.20";
const NEXT = "203.0.113.11";
const SHADOW = "203.0.113.12";
const STRANGER = "203.0.113.70";
const CHROME_55 =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/55.0.2883.87 Safari/537.36";
const SAFARI_MOJAVE =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/605.1.15";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";

const closing: (() => Promise<unknown>)[] = [];
let deaf: Awaited<ReturnType<typeof brokenAt>>;
let edge: Edge;
const origins: Record<string, Origin> = {};
const at = (address: string) => origins[address] as Origin;

before(async () => {
  edge = await startEdge(["example.com", "example.net"]);
  closing.push(edge.close);
  const shadow = "http://shadow.default.svc.cluster.local";
  await edge.serve(
    clusterWith(
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
        one: [FIRST],
        shop: [FIRST, SECOND],
        next: [NEXT],
        shadow: [SHADOW],
        deaf: ["203.0.113.60"],
        half: ["203.0.113.40", SECOND],
      },
    ),
  );
  for (const address of [FIRST, SECOND, NEXT, SHADOW, STRANGER])
    origins[address] = await originAt(`${address}:80`, edge.stack);
  closing.push(...Object.values(origins).map((origin) => origin.close));
  await nameAt("mirror.example.net", STRANGER);
  deaf = await brokenAt("203.0.113.60:80", edge.stack, "does not read");
  closing.push(deaf.close, (await brokenAt("203.0.113.40:80", edge.stack, "refuses")).close);
});

after(async () => {
  for (const close of closing.reverse()) await close();
});

beforeEach(() => {
  for (const [address, origin] of Object.entries(origins)) {
    origin.seen.length = 0;
    origin.answer = (response) => void response.end(address);
  }
});

/** A public name, which no Ingress has. */
async function nameAt(name: string, content: string): Promise<void> {
  const zone = (await edge.account.dns.zones()).find((each) => name.endsWith(`.${each.name}`));
  assert.ok(zone);
  await edge.account.dns.change(zone, { add: [{ type: "A", name, content }], remove: [] });
}

const cookieIn = (answered: Received) => answered.headers["set-cookie"]?.[0] ?? "";
const pairIn = (answered: Received) => cookieIn(answered).split(";")[0] ?? "";

describe("a canary", () => {
  test("gets about its share", async () => {
    const asked = Array.from({ length: 200 }, () => send(edge.stack, "weighed.example.com", "/"));
    const share = (await Promise.all(asked)).filter(({ body }) => body === NEXT).length / asked.length;
    assert.ok(share > 0.15 && share < 0.45, `it got ${share}`);
  });

  test("keeps the clients that it had, and so does the primary", async () => {
    for (let count = 0; count < 8; count++) {
      const first = await send(edge.stack, "sticky.example.com", "/");
      for (let again = 0; again < 4; again++) {
        const later = await send(edge.stack, "sticky.example.com", "/", { headers: { Cookie: pairIn(first) } });
        assert.equal(later.body, first.body);
        assert.equal(later.headers["set-cookie"], undefined);
      }
    }
  });

  test("gives no cookie where affinity is not for it", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(edge.stack, "legacy.example.com", "/")));
    assert.deepEqual(new Set(answers.map(({ body }) => body === NEXT)), new Set([true, false]));
    for (const answered of answers) assert.equal(pairIn(answered) === "", answered.body === NEXT);
  });
});

describe("an affinity cookie", () => {
  test("does not hold the address, and leads back to it", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(edge.stack, "path.example.com", "/app")));
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set([FIRST, SECOND]));
    for (const answered of answers) {
      assert.match(cookieIn(answered), /^INGRESSCOOKIE=[0-9a-f]{4}\|[0-9a-f]{8}; Path=\/app; HttpOnly$/);
      const back = await send(edge.stack, "path.example.com", "/app", { headers: { Cookie: pairIn(answered) } });
      assert.equal(back.body, answered.body);
    }
  });

  test("goes beside the origin's own cookies", async () => {
    for (const address of [FIRST, SECOND]) {
      at(address).answer = (response) => void response.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] }).end();
    }
    const { headers } = await send(edge.stack, "path.example.com", "/app");
    assert.deepEqual(
      headers["set-cookie"]?.map((cookie) => cookie.split("=")[0]),
      ["a", "b", "INGRESSCOOKIE"],
    );
  });

  test("leaves SameSite=None out for browsers that take it for Strict", async () => {
    const sameSite = async (browser: string) => {
      const answered = await send(edge.stack, "cond.example.com", "/", { headers: { "User-Agent": browser } });
      return /SameSite=\w+/.exec(cookieIn(answered))?.[0];
    };
    assert.equal(await sameSite(CHROME_55), undefined);
    assert.equal(await sameSite(SAFARI_MOJAVE), undefined);
    assert.equal(await sameSite("Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X)"), undefined);
    assert.equal(await sameSite(FIREFOX), "SameSite=None");
    assert.equal(await sameSite(CHROME_55.replace("Chrome/55", "Chrome/121")), "SameSite=None");
  });

  test("stays where its address fails, unless it is to move", async () => {
    // The address that nobody listens at has this name in cookies, whatever the backend.
    const cookie = await cookieOfDeadAddress();
    const stays = await send(edge.stack, "stays.example.com", "/", { headers: { Cookie: cookie } });
    assert.deepEqual([stays.body, stays.headers["set-cookie"]], [SECOND, undefined]);
    const moves = await send(edge.stack, "moves.example.com", "/", { headers: { Cookie: cookie } });
    assert.equal(moves.body, SECOND);
    assert.match(pairIn(moves), /^INGRESSCOOKIE=/);
    assert.notEqual(pairIn(moves), cookie);
  });
});

/** A cookie for an address at which somebody listened, until the client had it. */
async function cookieOfDeadAddress(): Promise<string> {
  const alive = await originAt("203.0.113.40:80", edge.stack);
  try {
    for (;;) {
      const answered = await send(edge.stack, "stays.example.com", "/");
      if (answered.body === "203.0.113.40:80") return pairIn(answered);
    }
  } finally {
    await alive.close();
  }
}

describe("a body", { timeout: 20_000 }, () => {
  test("that is announced as too large is refused before anything else is answered", async () => {
    const refused = await send(edge.stack, "first.example.com", "/", { method: "POST", body: "x".repeat(11) });
    assert.deepEqual([refused.status, refused.headers.location], [413, undefined]);
    assert.equal((await send(edge.stack, "first.example.com", "/", { method: "POST", body: "x" })).status, 308);
    const huge = await send(edge.stack, "first.example.com", "/", { method: "POST", body: "x".repeat(3_000_000) });
    assert.equal(huge.status, 413);
    assert.equal(at(FIRST).seen.length, 0);
  });

  test("may have just the size that is let in", async () => {
    for (const chunked of [true, false]) {
      const sent = { method: "PUT", body: "x".repeat(10), chunked };
      assert.equal((await send(edge.stack, "small.example.com", "/", sent)).status, 200);
      const more = { ...sent, body: "x".repeat(11) };
      assert.equal((await send(edge.stack, "small.example.com", "/", more)).status, 413);
    }
    assert.deepEqual(
      at(FIRST).seen.map(({ body }) => body.length),
      [10, 10],
    );
  });

  test("that turns out to be too large on its way never reaches the origin whole", async () => {
    const sent = { method: "PUT", chunked: true };
    const fits = await send(edge.stack, "large.example.com", "/", { ...sent, body: "x".repeat(200 * 1024) });
    assert.equal(fits.status, 200);
    const refused = await send(edge.stack, "large.example.com", "/", { ...sent, body: "x".repeat(200 * 1024 + 1) });
    assert.equal(refused.status, 413);
    assert.deepEqual(
      at(FIRST).seen.map(({ body }) => body.length),
      [200 * 1024],
    );
  });
});

describe("a copy of a request", { timeout: 20_000 }, () => {
  const copy = async (host: string, sent: Parameters<typeof send>[3] = {}) => {
    const answered = await send(edge.stack, `${host}.example.com`, "/a?b=c", sent);
    assert.deepEqual([answered.status, answered.body], [200, FIRST]);
    await until(() => at(SHADOW).seen.length === 1);
    return at(SHADOW).seen[0];
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
    assert.equal(at(FIRST).seen[0]?.body.toString(), "payload");
    assert.equal(at(FIRST).seen[0]?.headers["content-length"], "7");
  });

  test("has the whole of a body of unknown length", async () => {
    const body = Buffer.alloc(700_000, "abc");
    const seen = await copy("copied", { method: "PUT", body, chunked: true });
    assert.ok(seen?.body.equals(body));
    assert.ok(at(FIRST).seen[0]?.body.equals(body));
  });

  test("has no body where it is to have none", async () => {
    const seen = await copy("bodyless", { method: "POST", body: "payload" });
    assert.deepEqual([seen?.method, seen?.path, seen?.body.length], ["POST", "/copy", 0]);
  });

  test("can have a Host of its own, in the same zone", async () => {
    assert.equal((await copy("named"))?.headers.host, "shadow.example.com");
    assert.equal(at(FIRST).seen[0]?.headers.host, "named.example.com");
  });

  test("makes no difference where nobody answers it, or badly", async () => {
    at(SHADOW).answer = (response) => void response.writeHead(500).end("x".repeat(100_000));
    await copy("copied");
    at(SHADOW).seen.length = 0;
    at(SHADOW).answer = () => {};
    await copy("copied");
  });

  test("is given up where it is too slow, and the request goes on", async () => {
    const body = Buffer.alloc(20_000_000, "abc");
    const answered = await send(edge.stack, "deaf.example.com", "/", { method: "PUT", body });
    assert.equal(answered.status, 200);
    assert.ok(at(FIRST).seen[0]?.body.equals(body));
    let read = 0;
    let ended = false;
    deaf.sockets[0]
      ?.on("data", (part) => (read += part.length))
      .on("close", () => (ended = true))
      .resume();
    await until(() => ended);
    assert.ok(read < body.length, `it was sent ${read} bytes`);
  });

  test("does not tell strangers who the client is", async () => {
    const headers = { Cookie: "a=1", Authorization: "Basic eDp5", "X-Own": "kept" };
    await send(edge.stack, "foreign.example.com", "/", { method: "POST", body: "payload", headers });
    await until(() => at(STRANGER).seen.length === 1);
    const [seen] = at(STRANGER).seen;
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
    assert.equal((await send(edge.stack, "looped.example.com", "/")).status, 200);
    await until(() => at(FIRST).seen.length === 3); // the request, its copy, and the copy's
  });
});
