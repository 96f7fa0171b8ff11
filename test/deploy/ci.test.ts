import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as z from "zod";
import { CLI_ENTRY } from "../support/cli/edge-cli.ts";
import { startPublishAccount } from "../support/cli/publish-command.ts";
import { buildShopManifest } from "../support/cli/shop-manifest.ts";
import { startCommentServer } from "../support/deploy/comment-server.ts";
import { runScript } from "../support/deploy/run-script.ts";

const CI = fileURLToPath(new URL("../../deploy/ci", import.meta.url));
const { environment, folder, listWritesSince } = await startPublishAccount();
const report = join(folder, "report.md");
const file = join(folder, "shop.yaml");
const paths = { PATH: process.env.PATH ?? "", EDGRESS_BIN: CLI_ENTRY, EDGRESS_REPORT: report, EDGRESS_MANIFESTS: file };

const Step = z.object({
  shell: z.optional(z.string()),
  run: z.optional(z.string()),
  uses: z.optional(z.string()),
  if: z.optional(z.string()),
  env: z.optional(z.record(z.string(), z.string())),
  with: z.optional(z.record(z.string(), z.unknown())),
});
const Action = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string() })),
  runs: z.object({ using: z.literal("composite"), steps: z.array(Step) }),
});

async function readYaml(path: string): Promise<unknown> {
  return parse(await readFile(join(CI, path), "utf8"));
}

describe("the templates of continuous integration", () => {
  test("A run without secrets lints, says that the plan was skipped, and calls no API", async () => {
    await writeFile(file, buildShopManifest(["/"]));
    const { code } = await runScript(join(CI, "check.mjs"), { ...paths, EDGRESS_PLAN: "false" });
    const lines = (await readFile(report, "utf8")).split("\n");
    assert.deepEqual(lines.slice(0, 2), ["<!-- edgress plan -->", "### edgress plan: skipped"]);
    assert.ok(lines.includes("<details><summary>edgress lint: no error</summary>"));
    assert.equal(code, 0);
  });

  test("A run with secrets plans, writes nothing to the account, and passes if something would change", async () => {
    const { code } = await runScript(join(CI, "check.mjs"), { ...environment, ...paths, EDGRESS_PLAN: "true" });
    const text = await readFile(report, "utf8");
    assert.match(text, /^<!-- edgress plan -->\n### edgress plan: changes\n/);
    assert.match(text, /^\+ host shop\.bar\.com$/m);
    assert.equal(text.includes(environment.EDGRESS_SIGNING_KEY ?? ""), false);
    assert.deepEqual([code, listWritesSince(0)], [0, []]);
  });

  test("A run fails for an error in an object, and for an unreachable account", async () => {
    await writeFile(file, buildShopManifest(["no-slash"]));
    const failed = await runScript(join(CI, "check.mjs"), { ...environment, ...paths, EDGRESS_PLAN: "true" });
    assert.equal(failed.code, 1);
    assert.match(await readFile(report, "utf8"), /^error Ingress default\/shop .*InvalidPath/m);
    await writeFile(file, buildShopManifest(["/"]));
    const variables = { ...environment, ...paths, EDGRESS_PLAN: "true", CLOUDFLARE_API_TOKEN: "wrong" };
    assert.equal((await runScript(join(CI, "check.mjs"), variables)).code, 1);
    assert.match(await readFile(report, "utf8"), /### edgress plan: failed\n\n```\nedgress: Cloudflare API: /);
  });

  for (const host of ["github", "gitlab"] as const)
    test(`The comment on ${host} is added once, then replaced; a copy of somebody else stays`, async () => {
      const server = await startCommentServer(host);
      try {
        server.comments.push({ id: 1, body: "<!-- edgress plan -->\nnot ours", isOwn: false });
        for (const text of ["first", "second"]) {
          await writeFile(report, `<!-- edgress plan -->\n${text}\n`);
          const { code, stderr } = await runScript(join(CI, "comment.mjs"), {
            ...server.environment,
            EDGRESS_REPORT: report,
          });
          assert.deepEqual([code, stderr], [0, ""]);
        }
        assert.deepEqual(
          server.comments.map(({ body }) => body),
          ["<!-- edgress plan -->\nnot ours", "<!-- edgress plan -->\nsecond\n"],
        );
      } finally {
        await server.close();
      }
    });

  test("The action plans only for branches of the repository itself, and refuses pull_request_target", async () => {
    const { runs } = Action.parse(await readYaml("github/action.yml"));
    const script = runs.steps[0]?.run ?? "";
    const decide = async (variables: Record<string, string>) => {
      const output = join(folder, `output-${Math.random()}`);
      const env = { PATH: process.env.PATH, GITHUB_REPOSITORY: "acme/shop", GITHUB_OUTPUT: output, ...variables };
      const { status } = spawnSync("bash", ["-euo", "pipefail", "-c", script], { env });
      return status === 0 ? (await readFile(output, "utf8")).trim() : `exit ${status}`;
    };
    const own = { EVENT: "pull_request", HEAD: "acme/shop", EDGRESS_SIGNING_KEY: "key" };
    assert.equal(await decide(own), "trusted=true");
    assert.equal(await decide({ ...own, HEAD: "mallory/shop" }), "trusted=false");
    assert.equal(await decide({ ...own, EDGRESS_SIGNING_KEY: "" }), "trusted=false");
    assert.equal(await decide({ ...own, EVENT: "pull_request_target" }), "exit 1");
  });

  test("No script of the action contains an expression, each has a shell, and each input and file exists", async () => {
    const { inputs, runs } = Action.parse(await readYaml("github/action.yml"));
    for (const { run = "", shell } of runs.steps) {
      assert.doesNotMatch(run, /\$\{\{/); // an expression in a script is code of whoever names a branch
      assert.equal(shell, "bash");
    }
    const text = await readFile(join(CI, "github/action.yml"), "utf8");
    const used = [...text.matchAll(/inputs\.(\w+)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(used)].toSorted(), Object.keys(inputs).toSorted());
    for (const name of ["check.mjs", "comment.mjs"]) assert.ok(existsSync(join(CI, name)));
    const workflow = z.object({ jobs: z.object({ plan: z.object({ steps: z.array(Step) }) }) });
    const { steps } = workflow.parse(await readYaml("github/workflow.yaml")).jobs.plan;
    const values = Object.keys(steps.at(-1)?.with ?? {});
    assert.ok(values.every((name) => name in inputs));
  });

  test("The GitLab template plans for branches of the project, and lints for forks", async () => {
    const Job = z.object({
      extends: z.literal(".edgress"),
      rules: z.array(z.object({ if: z.string() })),
      script: z.array(z.string()),
    });
    const jobs = z
      .object({ "edgress-lint": Job, "edgress-plan": Job })
      .parse(await readYaml("gitlab/edgress.gitlab-ci.yml"));
    assert.match(jobs["edgress-lint"].rules[0]?.if ?? "", /SOURCE_PROJECT_ID != \$CI_MERGE_REQUEST_PROJECT_ID$/);
    assert.match(jobs["edgress-plan"].rules[0]?.if ?? "", /SOURCE_PROJECT_ID == \$CI_MERGE_REQUEST_PROJECT_ID$/);
    assert.deepEqual(jobs["edgress-lint"].script, ["EDGRESS_PLAN=false node ci/edgress/check.mjs"]);
    assert.ok(jobs["edgress-plan"].script.includes("EDGRESS_PLAN=true node ci/edgress/check.mjs || code=$?"));
  });
});
