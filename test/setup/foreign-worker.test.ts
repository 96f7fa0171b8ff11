import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runRotate } from "../../sync/commands/account/rotate.ts";
import { type LocalAccount, startAccount } from "../../sync/local/account/account.ts";
import { createMemoryValues } from "../../sync/local/account/kv/namespace-storage.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { openTerminal } from "../../sync/runtime/terminal.ts";
import { locateFiles } from "../../sync/setup/folder.ts";
import { writeVariables } from "../../sync/setup/keys/variable-file.ts";
import { writeSettings } from "../../sync/setup/settings.ts";
import { buildUpload, callAccount } from "../support/account/call-account.ts";
import { KEYS } from "../support/publish/signing.ts";
import { buildSettings } from "../support/setup/sample-facts.ts";

const SOURCE = 'export default { fetch: () => new Response("theirs") };';

let account: LocalAccount;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-rotation-"));
  const values = createMemoryValues();
  account = await startAccount({ zones: ["example.com"], storage: () => values });
  const { accountId, namespaceId, token, baseURL } = account;
  const files = locateFiles(folder, "production");
  await writeSettings(folder, "production", buildSettings({ accountId, namespaceId }));
  await writeVariables(files.controllerVariables, {
    CLOUDFLARE_API_TOKEN: token,
    CLOUDFLARE_BASE_URL: baseURL,
    EDGRESS_SIGNING_KEY: KEYS.privateKey,
  });
});
after(async () => {
  await account.close();
  await rm(folder, { recursive: true });
});

test("`keys rotate` gives no key to a Worker of others, and does not deploy over it", async () => {
  const theirs = generateSigningKeys().publicKey;
  const bindings = [{ name: "EDGRESS_VERIFYING_KEY", type: "plain_text", text: theirs }];
  await callAccount(account, "PUT /workers/scripts/edgress", buildUpload(SOURCE, { bindings }));
  const options = { environment: "production", dir: folder, json: false, yes: true, dryRun: true, settle: 1 } as const;
  await assert.rejects(
    runRotate({ ...options, edgeUrl: "http://127.0.0.1:9" }, {}, openTerminal(process.stdout, false), undefined),
    ({ message }: Error) => message.startsWith(`Worker belongs to another set-up: edgress accepts the key ${theirs}.`),
  );
});
