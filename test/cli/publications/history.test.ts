import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAccount } from "../../../sync/commands/account-from-env.ts";
import { runHistory } from "../../../sync/commands/publications/inspect-history.ts";
import { runResume, runRollback } from "../../../sync/commands/publications/rollback.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { buildEnvironment, startMemoryAccount } from "../../support/controller/memory-account.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { buildHostRules, buildRules } from "../../support/publish/sample-rules.ts";
import { KEYS, SIGNER } from "../../support/publish/signing.ts";

const AT = new Date("2026-03-01T12:00:00.000Z");

test("edgress history lists time, author, counts and size of each generation, newest first, with one list", async () => {
  const kv = new MemoryKv();
  const account = await startMemoryAccount(["example.com"], kv, () => {});
  const environment = { ...buildEnvironment(account, KEYS.privateKey), GITHUB_ACTOR: "ann" };
  try {
    assert.deepEqual(await runHistory({ format: "text" }, environment), ["nothing is published"]);
    const { kv: client } = loadAccount(environment);
    const one = buildRules([buildHostRules("a.example.com", "one")]);
    const two = buildRules([buildHostRules("a.example.com", "two"), buildHostRules("b.example.com", "two")]);
    const author = { command: "sync", cluster: "6e1b7d1c", pod: "edgress-0" };
    await publish(one, client, SIGNER, AT, undefined, { author: { command: "publish", commit: "4f1c2d9" } });
    await publish(two, client, SIGNER, AT, undefined, { author });
    const options = { yes: true, maxRemovedHosts: 10, allowMassDeletion: true };
    await runRollback(
      1,
      options,
      environment,
      () => {},
      () => assert.fail("it asks"),
    );
    const from = account.requests.length;
    const lines = await runHistory({ format: "text" }, environment);
    assert.deepEqual(
      account.requests.slice(from).map(({ method, path }) => `${method} ${path.replace(/.*\//, "")}`),
      ["GET keys"],
    );
    assert.deepEqual(
      lines.map((line) => line.replace(/2026-\d\d-\d\dT[\d:.]+Z/g, (time) => time.replace(/\d/g, "0"))),
      [
        "GENERATION  PUBLISHED                 HOSTS  ROUTES  INGRESSES  SIZE   BY",
        "3           0000-00-00T00:00:00.000Z  1      1       1          138 B  rollback to 1 by ann",
        "2           0000-00-00T00:00:00.000Z  2      2       2          276 B  sync pod=edgress-0 cluster=6e1b7d1c",
        "1           0000-00-00T00:00:00.000Z  1      1       1          138 B  publish commit=4f1c2d9",
        "",
        "generation 3 is pinned: rollback to 1 by ann at 0000-00-00T00:00:00.000Z. Resume with: edgress resume",
      ],
    );
    await runResume(environment, () => {});
    const [newest] = JSON.parse((await runHistory({ format: "json" }, environment)).join("\n"));
    assert.deepEqual([newest.generation, newest.author, newest.rollback], [4, { command: "resume" }, undefined]);
  } finally {
    await account.close();
  }
});
