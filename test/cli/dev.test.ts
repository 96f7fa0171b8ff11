import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, get, type IncomingMessage } from "node:http";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { listen } from "../../sync/net/listen.ts";
import { type DevProcess, EXAMPLES, runEdgress, startDev } from "../support/edge-cli.ts";
import { waitFor } from "../support/wait-for.ts";

const cleanups: (() => Promise<unknown>)[] = [];

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

async function startDevWithEcho(folder: string, ...args: string[]): Promise<DevProcess> {
  const dev = await startDev(folder, "--echo-origins", "--watch-ingress-without-class", ...args);
  cleanups.push(async () => dev.child.exitCode === null && dev.end());
  return dev;
}

async function copyExample(example: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-dev-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  await cp(join(EXAMPLES, example), folder, { recursive: true });
  return folder;
}

async function editFile(file: string, change: (before: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}

type EchoBody = { backend: string; path: string; headers: Record<string, string> };

async function sendDevRequest({ http }: DevProcess, host: string, path: string, headers: Record<string, string> = {}) {
  const request = get({ host: "127.0.0.1", port: http.port, path, headers: { Host: host, ...headers }, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const body = await text(response);
  const echoed = response.statusCode === 200 ? (JSON.parse(body) as EchoBody) : undefined;
  return { status: response.statusCode, body, echoed };
}

/** Runs a command as a shell would, and gives what it prints. */
async function runShell(command: string): Promise<string> {
  return (await promisify(execFile)("sh", ["-c", command])).stdout;
}

describe("edgress dev over examples/fanout", () => {
  let dev: DevProcess;
  let folder: string;

  test("says what it serves and that it is ready", async () => {
    folder = await copyExample("fanout");
    dev = await startDevWithEcho(folder);
    assert.match(
      dev.lines.at(-1) ?? "",
      /^ready http=http:\/\/127\.0\.0\.1:\d+ https=https:\/\/127\.0\.0\.1:\d+ generation=1$/,
    );
    assert.ok(dev.lines.includes("foo.bar.com /foo -> default/my-service-1:80"));
    assert.ok(dev.lines.includes("foo.bar.com /bar -> default/my-service-2:80"));
  });

  test("its curl lines work exactly as printed, over http and https", async () => {
    const commands = dev.lines.filter((line) => line.startsWith("  curl "));
    assert.equal(commands.length, 4);
    const backends = [];
    for (const command of commands) backends.push((JSON.parse(await runShell(`${command} -s`)) as EchoBody).backend);
    assert.deepEqual(backends, [
      "default/my-service-1:80",
      "default/my-service-1:80",
      "default/my-service-2:80",
      "default/my-service-2:80",
    ]);
  });

  test("a path that no rule has is 404, and the rewrite of the example keeps the rest of the path", async () => {
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/x")).status, 404);
    assert.equal((await sendDevRequest(dev, "other.bar.com", "/foo")).status, 404);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo/a?b")).echoed?.path, "/a?b");
  });

  test("a client's X-Forwarded-Proto is not believed, its CF-Connecting-IP is", async () => {
    const headers = { "X-Forwarded-Proto": "https", "CF-Connecting-IP": "198.51.100.7" };
    const { echoed } = await sendDevRequest(dev, "foo.bar.com", "/foo", headers);
    assert.equal(echoed?.headers["x-forwarded-proto"], "http");
    assert.equal(echoed?.headers["x-real-ip"], "198.51.100.7");
  });

  test("an edited file is live within two seconds, and no request fails meanwhile", async () => {
    let isDone = false;
    const statuses = new Set<number | undefined>();
    const hammer = async () => {
      while (!isDone) statuses.add((await sendDevRequest(dev, "foo.bar.com", "/foo")).status);
    };
    const clients = Promise.all([hammer(), hammer()]);
    const lines = dev.lines.length;
    await editFile(join(folder, "ingress.yaml"), (before) => before.replace("path: /bar", "path: /baz"));
    const editedAt = performance.now();
    await waitFor(async () => (await sendDevRequest(dev, "foo.bar.com", "/baz")).status === 200);
    const ms = performance.now() - editedAt;
    isDone = true;
    await clients;
    assert.ok(ms < 2000, `it took ${ms} ms`);
    assert.deepEqual([...statuses], [200]);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/bar")).status, 404);
    assert.match(await dev.waitForLine(/^published /, lines), /^published generation=2 writes=3$/);
  });

  test("a file that breaks keeps what it held, and is reported by name and line", async () => {
    const originalText = await readFile(join(folder, "ingress.yaml"), "utf8");
    const lines = dev.lines.length;
    await writeFile(join(folder, "ingress.yaml"), `${originalText.split("\n").slice(0, 6).join("\n")}\n    "half\n`);
    const line = await dev.waitForLine(/InvalidManifest/, lines);
    assert.match(line, /^error ingress\.yaml:\d+: .+\. Correct the file; until then its last valid objects are used/);
    assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).status, 200);
    await writeFile(join(folder, "ingress.yaml"), originalText.replace("path: /foo", "path: /fuu"));
    await waitFor(async () => (await sendDevRequest(dev, "foo.bar.com", "/fuu")).status === 200);
  });

  test("SIGTERM ends it within five seconds with exit code 0, a WebSocket and a request being open", async () => {
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

test("edgress dev over examples/single-backend serves every host, path and scheme", async () => {
  const dev = await startDevWithEcho(join(EXAMPLES, "single-backend"));
  const commands = dev.lines.filter((line) => line.startsWith("  curl "));
  assert.equal(commands.length, 2);
  for (const command of commands) {
    assert.equal((JSON.parse(await runShell(`${command} -s`)) as EchoBody).backend, "default/my-service:80");
  }
  assert.equal((await sendDevRequest(dev, "whatever.example.org", "/a/b")).echoed?.backend, "default/my-service:80");
  assert.equal((await sendDevRequest(dev, "127.0.0.1", "/")).echoed?.backend, "default/my-service:80");
});

test("a folder that cannot be read any more is reported, and the edge serves what it served before", async () => {
  const folder = await copyExample("single-backend");
  const dev = await startDevWithEcho(folder);
  await rm(folder, { recursive: true });
  const line = await dev.waitForLine(/^error: sync failed: /);
  assert.match(line, /ENOENT.*; the edge serves the last published rules$/);
  assert.equal((await sendDevRequest(dev, "any.example.com", "/a")).echoed?.backend, "default/my-service:80");
});

test("a Secret in spec.tls is presented by SNI, and one that is garbage breaks nothing", async () => {
  const folder = await copyExample("fanout");
  const { key, cert } = await generateCertificate("secured");
  const secret = (name: string, crt: string) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      type: "kubernetes.io/tls",
      data: { "tls.crt": Buffer.from(crt).toString("base64"), "tls.key": Buffer.from(key).toString("base64") },
    });
  await writeFile(join(folder, "good.json"), secret("good", cert));
  await writeFile(join(folder, "garbage.json"), secret("garbage", "no certificate"));
  const tls = `  tls:
    - { hosts: [foo.bar.com], secretName: good }
    - { hosts: [garbage.bar.com], secretName: garbage }
    - { hosts: [missing.bar.com], secretName: missing }
`;
  await editFile(join(folder, "ingress.yaml"), (before) => before.replace("spec:\n", `spec:\n${tls}`));
  const dev = await startDevWithEcho(folder);
  const subjectFor = async (servername: string) => {
    const port = Number(dev.https.port);
    const socket = connectTls({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const subject = socket.getPeerX509Certificate()?.subject;
    socket.destroy();
    return subject;
  };
  assert.equal(await subjectFor("foo.bar.com"), "CN=secured");
  assert.equal(await subjectFor("garbage.bar.com"), "CN=garbage.bar.com");
  assert.equal(await subjectFor("missing.bar.com"), "CN=missing.bar.com");
  assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).status, 308);
});

describe("a mistake in how edgress dev is called is one line on stderr and exit code 2", () => {
  const folder = join(EXAMPLES, "fanout");
  const cases: readonly (readonly [what: string, args: readonly string[], line: RegExp])[] = [
    ["no folder", ["dev"], /^edgress: required option '--manifests <folder>' not specified\n$/],
    [
      "a folder that is not there",
      ["dev", "--manifests", "nowhere"],
      /^edgress: --manifests is not a readable folder: nowhere\. Check the path and its permissions\n$/,
    ],
    [
      "a file in place of a folder",
      ["dev", "--manifests", join(folder, "ingress.yaml")],
      /^edgress: --manifests is not a readable folder: .*ingress\.yaml\. Check the path and its permissions\n$/,
    ],
    [
      "an unknown flag",
      ["dev", "--manifests", folder, "--nope"],
      /^edgress: unknown option '--nope' \(Did you mean --zone\?\)\n$/,
    ],
    [
      "a port that is none",
      ["dev", "--manifests", folder, "--http-port", "http"],
      /^edgress: .*'--http-port <port>'.* must be a port from 0 to 65535\n$/,
    ],
    [
      "a port that is too large",
      ["dev", "--manifests", folder, "--https-port", "65536"],
      /^edgress: .*'--https-port <port>'.* must be a port from 0 to 65535\n$/,
    ],
    ["an unknown command", ["serve"], /^edgress: unknown command 'serve'\n$/],
  ];
  for (const [what, args, line] of cases) {
    test(what, async () => {
      const { code, stdout, stderr } = await runEdgress(args);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  for (const option of ["--http-port", "--https-port"]) {
    test(`a port that is in use (${option})`, async () => {
      const listener = await listen(createServer(), 0);
      cleanups.push(listener.close);
      const other = option === "--http-port" ? "--https-port" : "--http-port";
      const { code, stderr } = await runEdgress([
        "dev",
        "--manifests",
        folder,
        option,
        String(listener.port),
        other,
        "0",
      ]);
      assert.equal(stderr, `edgress: cannot listen on 127.0.0.1:${listener.port}: the port is in use\n`);
      assert.equal(code, 2);
    });
  }
});
