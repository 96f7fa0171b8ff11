import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { WebSocket } from "ws";
import {
  cleanups,
  copyExample,
  type EchoBody,
  editFile,
  runShell,
  sendDevRequest,
  startDevWithEcho,
} from "../support/cli/dev-requests.ts";
import type { DevProcess } from "../support/cli/edge-cli.ts";
import { waitFor } from "../support/wait-for.ts";

const SLACK_MS = 5000; // of a busy machine

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

describe("edgress dev over examples/fanout", () => {
  let dev: DevProcess;
  let folder: string;

  test("edgress dev prints curl examples and its ready line", async () => {
    folder = await copyExample("fanout");
    dev = await startDevWithEcho(folder);
    assert.match(
      dev.lines.at(-1) ?? "",
      /^ready http=http:\/\/127\.0\.0\.1:\d+ https=https:\/\/127\.0\.0\.1:\d+ generation=1$/,
    );
    assert.equal(dev.lines[0], `${folder}: 1 host, 2 routes`);
    assert.equal(dev.lines[1], "  foo.bar.com  2 routes → default/my-service-1:80, default/my-service-2:80");
  });

  test("The curl line of edgress dev is answered with 200 as printed", async () => {
    const [command, ...others] = dev.lines.filter((line) => line.startsWith("  curl "));
    assert.deepEqual(others, []);
    const output = await runShell(`${command} -s -w '%{http_code}'`);
    assert.equal(output.slice(-3), "200");
    assert.equal((JSON.parse(output.slice(0, -3)) as EchoBody).backend, "default/my-service-1:80");
  });

  test("A browser at the address of edgress dev gets a 404 that names the hosts of the rules", async () => {
    for (const host of ["127.0.0.1", "localhost", `127.0.0.1:${dev.http.port}`]) {
      const { status, body } = await sendDevRequest(dev, host, "/foo");
      assert.equal(status, 404);
      assert.match(body, /^404 Not Found: no rule has the host of this URL\.\n/);
      assert.match(body, /^ {2}foo\.bar\.com$/m);
      assert.match(body, /^ {2}curl --resolve foo\.bar\.com:/m);
    }
    assert.doesNotMatch((await sendDevRequest(dev, "other.bar.com", "/foo")).body, /hosts of the rules/);
  });

  test("edgress dev prints access lines as JSON for programs", async () => {
    const line = await dev.waitForLine(/"host":"other\.bar\.com"/);
    assert.equal((JSON.parse(line) as { outcome: string }).outcome, "no-route");
  });

  test("edgress dev answers 404 for an unmatched path, and rewrites the prefix of a matched one", async () => {
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/x")).status, 404);
    assert.equal((await sendDevRequest(dev, "other.bar.com", "/foo")).status, 404);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo/a?b")).echoed?.path, "/a?b");
  });

  test("edgress dev ignores a client's X-Forwarded-Proto, and uses its CF-Connecting-IP", async () => {
    const headers = { "X-Forwarded-Proto": "https", "CF-Connecting-IP": "198.51.100.7" };
    const { echoed } = await sendDevRequest(dev, "foo.bar.com", "/foo", headers);
    assert.equal(echoed?.headers["x-forwarded-proto"], "http");
    assert.equal(echoed?.headers["x-real-ip"], "198.51.100.7");
  });

  test("edgress dev serves an edited file within 2 s, and no request fails meanwhile", async () => {
    let isDone = false;
    const statuses = new Set<number | undefined>();
    const hammer = async () => {
      while (!isDone) statuses.add((await sendDevRequest(dev, "foo.bar.com", "/foo")).status);
    };
    const clients = Promise.all([hammer(), hammer()]);
    const lines = dev.lines.length;
    await editFile(join(folder, "ingress.yaml"), (before) => before.replace("path: /bar", "path: /baz"));
    const editedAt = performance.now();
    await waitFor(async () => (await sendDevRequest(dev, "foo.bar.com", "/baz")).status === 200, 60_000);
    const ms = performance.now() - editedAt;
    isDone = true;
    await clients;
    assert.ok(ms < 2000 + SLACK_MS, `it took ${ms} ms`);
    assert.deepEqual([...statuses], [200]);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/bar")).status, 404);
    assert.match(await dev.waitForLine(/^published /, lines), /^published generation=2 writes=3$/);
  });

  test("edgress dev keeps the objects of a file that becomes invalid, and reports its name and line", async () => {
    const originalText = await readFile(join(folder, "ingress.yaml"), "utf8");
    const lines = dev.lines.length;
    await writeFile(join(folder, "ingress.yaml"), `${originalText.split("\n").slice(0, 6).join("\n")}\n    "half\n`);
    const line = await dev.waitForLine(/InvalidManifest/, lines);
    assert.match(line, /^error ingress\.yaml:\d+: .+\. Correct the file; until then its last valid objects are used/);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).status, 200);
    await writeFile(join(folder, "ingress.yaml"), originalText.replace("path: /foo", "path: /fuu"));
    await waitFor(async () => (await sendDevRequest(dev, "foo.bar.com", "/fuu")).status === 200);
  });

  test("SIGTERM ends edgress dev within 5 s with exit code 0, despite an open WebSocket and request", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${dev.http.port}/fuu`, { headers: { Host: "foo.bar.com" } });
    await once(socket, "open");
    socket.on("error", () => undefined);
    const unfinished = createConnection(Number(dev.http.port), "127.0.0.1").on("error", () => undefined);
    unfinished.write("POST /fuu HTTP/1.1\r\nHost: foo.bar.com\r\nContent-Length: 9\r\n\r\nhalf");
    await once(unfinished, "ready");
    const { code, ms } = await dev.end();
    assert.equal(code, 0);
    assert.ok(ms < 5000, `it took ${ms} ms`);
    assert.equal(dev.stderr(), "");
  });
});
