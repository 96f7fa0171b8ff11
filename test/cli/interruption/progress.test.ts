import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { CLI_ENTRY, NODE } from "../../support/cli/edge-cli.ts";
import { startPublishAccount } from "../../support/cli/publish-command.ts";
import { type FaultKind, startFaultyApi } from "../../support/cloudflare/faulty-api.ts";
import { formatManifests } from "../../support/publish/versioned-manifests.ts";
import { waitFor } from "../../support/wait-for.ts";

const { edge, environment, folder } = await startPublishAccount("example.com");
const api = await startFaultyApi(edge.stack.account);
after(() => api.close());
const file = join(folder, "manifests.yaml");
const { PATH, HOME } = process.env;
const variables = { PATH, HOME, ...environment, CLOUDFLARE_BASE_URL: api.baseURL };

/** Publishes a version whose read-back waits until the output of the process matches. Returns the output. */
async function publishUntil(version: number, command: readonly string[], pattern: RegExp, noColor = "") {
  await writeFile(file, formatManifests(version));
  const [program = "", ...args] = command;
  const child = spawn(program, args, { env: { ...variables, TERM: "xterm", NO_COLOR: noColor } });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (part: string) => {
      output[name] += part;
    });
  api.decide = async (line): Promise<FaultKind> => {
    if (line.endsWith("/bulk/get") && !isRead()) await waitFor(() => pattern.test(output.stdout + output.stderr));
    return "pass";
  };
  const isRead = () => !api.calls.some((line) => line.endsWith("/bulk"));
  api.calls.length = 0;
  const [code] = await once(child, "close");
  assert.equal(code, 0, output.stdout + output.stderr);
  return output;
}

const PUBLISH = [NODE, CLI_ENTRY, "publish", "--manifests", file];

test("In a log, a publication of more than 2 s shows its figures on standard error", async () => {
  const { stdout, stderr } = await publishUntil(1, PUBLISH, /^publishing: .*blobs/m);
  assert.match(
    stderr,
    /^(publishing: DNS records 1, manifests 0\/2\n)?(publishing: blobs \d+\/\d+ \([\d.]+ kB\), read back 0\/\d+, DNS records 1, manifests 0\/2\n)/,
  );
  assert.match(stdout, /^published generation=1 /m);
  assert.doesNotMatch(stdout, /publishing/);
});

const hasScript = spawnSync("script", ["--version"]).stdout?.includes("util-linux");
const skip = hasScript ? false : "script of util-linux is not installed";
const onTerminal = `stty cols 72; exec ${PUBLISH.map((part) => `'${part}'`).join(" ")} >/dev/null`;

test("In a terminal, one line of its width is redrawn, and removed at the end", { skip }, async () => {
  const { stdout } = await publishUntil(2, ["script", "-qec", onTerminal, "/dev/null"], /blobs/, "1");
  const lines = stdout.split("\r").filter((line) => line !== "");
  assert.ok(lines.length >= 2);
  assert.match(lines[0] ?? "", /^\[[#-]{20}\] \d+ % .*\u001b\[K$/);
  assert.equal(lines.at(-1), "\u001b[K");
  assert.deepEqual(
    lines.filter((line) => line.replace("\u001b[K", "").length > 71 || line.includes("\n")),
    [],
  );
});
