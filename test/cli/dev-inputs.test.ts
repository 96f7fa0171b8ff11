import assert from "node:assert/strict";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { listen } from "../../sync/net/listen.ts";
import {
  cleanups,
  copyExample,
  type EchoBody,
  editFile,
  runShell,
  sendDevRequest,
  startDevWithEcho,
} from "../support/cli/dev-requests.ts";
import { EXAMPLES, runEdgress, startDev } from "../support/cli/edge-cli.ts";

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

test("edgress dev serves every host, path and scheme of examples/single-backend", async () => {
  const dev = await startDevWithEcho(join(EXAMPLES, "single-backend"));
  const commands = dev.lines.filter((line) => line.startsWith("  curl "));
  assert.equal(commands.length, 1);
  for (const command of commands) {
    assert.equal((JSON.parse(await runShell(`${command} -s`)) as EchoBody).backend, "default/my-service:80");
  }
  assert.equal((await sendDevRequest(dev, "whatever.example.org", "/a/b")).echoed?.backend, "default/my-service:80");
  assert.equal((await sendDevRequest(dev, "127.0.0.1", "/")).echoed?.backend, "default/my-service:80");
});

test("A folder that becomes unreadable is reported, and the edge keeps serving its rules", async () => {
  const folder = await copyExample("single-backend");
  const dev = await startDevWithEcho(folder);
  await rm(folder, { recursive: true });
  const line = await dev.waitForLine(/^error: sync failed: /);
  assert.match(line, /ENOENT.*; the edge serves the last published rules$/);
  assert.equal((await sendDevRequest(dev, "any.example.com", "/a")).echoed?.backend, "default/my-service:80");
});

test("edgress dev forwards to an address of this machine, which Cloudflare would reject", async () => {
  const folder = await copyExample("single-backend");
  const service = { metadata: { name: "my-service" }, spec: { externalIPs: ["127.0.0.1"], ports: [{ port: 80 }] } };
  await writeFile(join(folder, "services.yaml"), JSON.stringify({ apiVersion: "v1", kind: "Service", ...service }));
  const dev = await startDev(folder, "--watch-ingress-without-class");
  cleanups.push(() => dev.end());
  assert.doesNotMatch(dev.lines.join("\n"), /DNSRecordRejected|OriginNotPermitted/);
});

test("The edge presents the certificate of spec.tls by SNI, and ignores an invalid one", async () => {
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

describe("invalid arguments of edgress dev", () => {
  const folder = join(EXAMPLES, "fanout");
  const cases: readonly (readonly [what: string, args: readonly string[], line: RegExp])[] = [
    [
      "no manifests",
      ["dev"],
      /^edgress: --manifests is not set\. Set it, or --account-port to publish with other commands\n$/,
    ],
    [
      "manifests and an account port",
      ["dev", "--manifests", folder, "--account-port", "0"],
      /^edgress: --manifests and --account-port are mutually exclusive: .+\. Set one of them\n$/,
    ],
    [
      "--print-env without an account port",
      ["dev", "--manifests", folder, "--print-env"],
      /^edgress: --print-env requires --account-port\. Set a port, or 0 for a free port\n$/,
    ],
    [
      "a folder that is not there",
      ["dev", "--manifests", "nowhere"],
      /^edgress: manifests are not readable: nowhere\. Check the path and its permissions\n$/,
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
  for (const [problem, args, line] of cases) {
    test(`edgress dev reports ${problem} in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runEdgress(args);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  for (const option of ["--http-port", "--https-port"]) {
    test(`edgress dev reports a port in use (${option}) in one line, with exit code 2`, async () => {
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
