import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { cleanups, copyExample, sendDevRequest } from "../support/cli/dev-requests.ts";
import { CLI_ENTRY, EXAMPLES, NODE, startDev, startDevProcess } from "../support/cli/edge-cli.ts";
import { waitFor } from "../support/wait-for.ts";

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

const FANOUT = join(EXAMPLES, "fanout");
const PORTS = ["--http-port", "0", "--https-port", "0"];
const DEV_ARGS = ["dev", "-f", FANOUT, ...PORTS, "--echo-origins", "--watch-ingress-without-class"];

/** Starts `edgress dev`, presses Ctrl-C at a moment of its start, and checks how it ends. */
async function interruptStart(waitForMoment: (pid: number) => Promise<unknown>): Promise<void> {
  const child = spawn(NODE, [CLI_ENTRY, ...DEV_ARGS], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const exit = once(child, "exit") as Promise<[number | null, string | null]>;
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  const pid = Number(child.pid);
  await waitForMoment(pid);
  process.kill(-pid, "SIGINT"); // a terminal sends it to the whole process group
  const [code, signal] = await exit;
  assert.equal(await stderr, "");
  const expected = /^ready /m.test(await stdout) ? 0 : 130;
  assert.equal(signal === "SIGINT" ? 130 : code, expected); // before the handlers exist, the signal ends the process
}

// Sampled times of the start: loading, bundling, starting workerd, the first sync.
for (const ms of [300, 700, 1100, 1600, 2200, 3000]) {
  test(`Ctrl-C ${ms} ms after the start of edgress dev ends it quietly`, () => interruptStart(() => delay(ms)));
}

test("Ctrl-C at the start of workerd ends edgress dev quietly", () =>
  interruptStart((pid) => waitFor(() => spawnSync("pgrep", ["-P", String(pid), "workerd"]).status === 0, 20_000)));

/** Runs `edgress dev` on a pseudoterminal of 72 columns until a request is logged, and returns what it shows. */
async function runOnTerminal(environment: Readonly<Record<string, string>>): Promise<string> {
  const command = `stty cols 72; exec ${[NODE, CLI_ENTRY, ...DEV_ARGS].map((part) => `'${part}'`).join(" ")}`;
  const { PATH, HOME } = process.env; // without CI and FORCE_COLOR, which Node asks whether to print colors
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: { PATH, HOME, ...environment } });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
  });
  const [, port = ""] = await waitFor(() => /ready http=http:\/\/127\.0\.0\.1:(\d+)/.exec(output) ?? undefined, 20_000);
  const http = new URL(`http://127.0.0.1:${port}`);
  await sendDevRequest({ http }, "foo.bar.com", "/foo");
  await sendDevRequest({ http }, "foo.bar.com", `/none/${"a".repeat(60)}`);
  await waitFor(() => /no-route/.test(output));
  child.stdin.write("\x03");
  await once(child, "exit");
  return output;
}

const hasScript = spawnSync("script", ["--version"]).stdout?.includes("util-linux");
const skip = hasScript ? false : "script of util-linux is not installed";

test("On a terminal, edgress dev prints access lines in its width and in color", { skip }, async () => {
  const output = await runOnTerminal({ TERM: "xterm" });
  assert.match(output, /GET http:\/\/foo\.bar\.com\/foo \x1b\[32m200\x1b\[39m \d+ ms → default\/my-service-1:80/);
  assert.match(output, /GET http:\/\/foo\.bar\.com\/none\/a+… \x1b\[33m404\x1b\[39m \d+ ms\r\n/);
  const lines = output.replace(/\x1b\[\d+m/g, "").split(/\r?\n/);
  const accessLines = lines.filter((line) => /^(GET| {2}no-route)/.test(line));
  assert.deepEqual(
    accessLines.filter((line) => line.length > 72),
    [],
  );
});

test("With NO_COLOR, edgress dev prints no escape sequence", { skip }, async () => {
  const output = await runOnTerminal({ NO_COLOR: "1", TERM: "xterm" });
  assert.match(output, /GET http:\/\/foo\.bar\.com\/foo 200 \d+ ms → default\/my-service-1:80/);
  assert.doesNotMatch(output, /\x1b/);
});

test("edgress dev serves manifests of standard input", async () => {
  const input = await Promise.all(
    ["ingress.yaml", "services.yaml"].map((name) => readFile(join(FANOUT, name), "utf8")),
  );
  const args = ["-f", "-", "--echo-origins", "--watch-ingress-without-class"];
  const dev = await startDevProcess(args, input.join("\n---\n"));
  cleanups.push(() => dev.end());
  assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).echoed?.backend, "default/my-service-1:80");
});

test("edgress dev serves one file, and its changes", async () => {
  const file = join(await copyExample("fanout"), "all.yaml");
  const parts = await Promise.all(
    ["ingress.yaml", "services.yaml"].map((name) => readFile(join(FANOUT, name), "utf8")),
  );
  await writeFile(file, parts.join("\n---\n"));
  const dev = await startDev(file, "--echo-origins", "--watch-ingress-without-class");
  cleanups.push(() => dev.end());
  assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).status, 200);
  await writeFile(file, parts.join("\n---\n").replace("path: /foo", "path: /fuu"));
  await waitFor(async () => (await sendDevRequest(dev, "foo.bar.com", "/fuu")).status === 200);
});

test("edgress dev counts the Ingresses that it ignores, with the option that selects them", async () => {
  const dev = await startDev(FANOUT, "--echo-origins");
  cleanups.push(() => dev.end());
  assert.ok(
    dev.lines.includes(
      "warning 1 Ingress without a class is ignored: default/my-ingress. To select such Ingresses, set --watch-ingress-without-class",
    ),
  );
  assert.equal(dev.lines[0], `${FANOUT}: 0 hosts, 0 routes`);
});
