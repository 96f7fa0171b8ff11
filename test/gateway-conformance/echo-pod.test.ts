import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startEchoPod } from "./echo-pod.ts";

describe("the server of a Pod of the conformance suite", async () => {
  const pod = await startEchoPod({ namespace: "infra", pod: "web-1a-2b" });
  after(() => pod.close());
  const send = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${pod.port}${path}`, { headers });

  test("It returns the request as Go would, and its own name", async () => {
    const response = await send("/a?b=1", { "x-some-id": "7" });
    const { headers, ...echo } = (await response.json()) as { headers: Record<string, string[]> };
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(echo, {
      path: "/a?b=1",
      host: `127.0.0.1:${pod.port}`,
      method: "GET",
      proto: "HTTP/1.1",
      httpPort: "3000",
      namespace: "infra",
      ingress: "",
      service: "",
      pod: "web-1a-2b",
    });
    assert.deepEqual(headers["X-Some-Id"], ["7"]);
    assert.equal(headers.Host, undefined);
  });

  test("It sets the response headers of X-Echo-Set-Header, and joins the values of one name", async () => {
    const response = await send("/", { "X-Echo-Set-Header": "X-A:1, X-B:2,X-A:3" });
    assert.equal(response.headers.get("x-a"), "1,3");
    assert.equal(response.headers.get("x-b"), "2");
    assert.equal((await send("/", { "X-Echo-Set-Header": "" })).status, 200);
  });

  test("It logs the path of each request, and reads its log from a time", async () => {
    await send("/logged");
    const since = Date.now() - 10_000;
    assert(pod.readLog(since).some((line) => line.startsWith("Echoing back request made to /logged to client (")));
    assert.deepEqual(pod.readLog(Date.now() + 10_000), []);
  });

  test("It fails as often as a retry test asks for, with a status or with a reset connection", async () => {
    const withStatus = "/retry/a?uuid=1&succeedAfter=2&responseCode=503";
    const statuses = [await send(withStatus), await send(withStatus), await send(withStatus)].map(
      ({ status }) => status,
    );
    assert.deepEqual(statuses, [503, 503, 200]);
    const withReset = "/retry/b?uuid=2&succeedAfter=1";
    await assert.rejects(send(withReset));
    assert.equal((await send(withReset)).status, 200);
    assert.equal((await send("/retry/c")).status, 400);
  });

  test("It delays a response by a Go duration", async () => {
    const startedAt = performance.now();
    await send("/?delay=0.05s");
    assert(performance.now() - startedAt >= 49);
  });
});
