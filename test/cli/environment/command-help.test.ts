import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { CONTROLLER_VARIABLES } from "../../../sync/commands/help/environment-variables.ts";
import { createProgram } from "../../../sync/commands/program.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-help-"));
});
after(() => rm(folder, { recursive: true }));

describe("environment variables of the command line", () => {
  test("The help of publish lists its variables, and marks those that it requires", async () => {
    const { stdout } = await runEdgress(["publish", "--help"]);
    assert.match(stdout, /^Environment variables:$/m);
    assert.match(stdout, /^ {2}CLOUDFLARE_API_TOKEN +a token that may edit Workers KV and DNS \(required\)$/m);
    assert.match(stdout, /^ {2}EDGRESS_ENCRYPTION_KEY +public key that secrets are encrypted with$/m);
    assert.match(stdout, /^ {2}NAME_FILE sets the path of a file with an id, key or token\.$/m);
  });

  test("Every variable is in the help of a command", async () => {
    const helps = await Promise.all(
      ["init", "publish", "sync", "status", "rollback"].map(
        async (command) => (await runEdgress([command, "--help"])).stdout,
      ),
    );
    const missing = Object.keys(CONTROLLER_VARIABLES).filter(
      (name) => !helps.some((help) => help.includes(`  ${name} `)),
    );
    assert.deepEqual(missing, []);
  });

  for (const [command, names] of [
    [
      ["publish", "--manifests", "."],
      "CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, EDGRESS_KV_NAMESPACE_ID, EDGRESS_SIGNING_KEY",
    ],
    [
      ["sync"],
      "CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, EDGRESS_KV_NAMESPACE_ID, EDGRESS_SIGNING_KEY, EDGRESS_ENCRYPTION_KEY",
    ],
  ] as const) {
    test(`edgress ${command[0]} names all missing variables at once, with exit code 2`, async () => {
      const { code, stderr } = await runEdgress(command);
      const remedy = "The help of the command describes them";
      assert.equal(stderr, `edgress: environment variables are not set: ${names}. ${remedy}\n`);
      assert.equal(code, 2);
    });
  }
});

describe("edgress completion", () => {
  /** What bash offers for a command line whose last word is unfinished. */
  async function completeInBash(...words: readonly string[]): Promise<string[]> {
    const script = join(folder, "completion.bash");
    await writeFile(script, (await runEdgress(["completion", "bash"])).stdout);
    const line = `. ${script}; COMP_WORDS=(edgress ${words.join(" ")}); COMP_CWORD=${words.length}; _edgress; echo "\${COMPREPLY[*]}"`;
    const { stdout } = await promisify(execFile)("bash", ["-c", line]);
    return stdout.trim().split(" ");
  }

  test("bash completes a command and an option", async () => {
    assert.deepEqual(await completeInBash("sta"), ["status"]);
    assert.deepEqual(await completeInBash("status", "--edge"), ["--edge-url"]);
  });

  test("The script for zsh loads the one for bash, and the script for fish has every command", async () => {
    assert.match(
      (await runEdgress(["completion", "zsh"])).stdout,
      /\nbashcompinit\n(.*\n)*complete -o default -F _edgress edgress\n$/,
    );
    const { stdout } = await runEdgress(["completion", "fish"]);
    for (const command of createProgram().commands)
      assert.ok(stdout.includes(`__fish_use_subcommand -a ${command.name()} `), command.name());
  });
});
