import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import type { CheckResult } from "../../sync/setup/checks/check.ts";
import {
  type CheckInput,
  checkPrerequisites,
  checkSetup,
  findBlockingErrors,
} from "../../sync/setup/checks/run-checks.ts";
import { ACCOUNT_PERMISSIONS, type ProbedPermission, ZONE_PERMISSIONS } from "../../sync/setup/permissions.ts";
import { KEYS } from "../support/publish/signing.ts";
import {
  answer,
  BUILD,
  buildSettings,
  buildWorker,
  EMPTY_ACCOUNT,
  GOOD_ZONE,
  NAMESPACE_ID,
} from "../support/setup/sample-facts.ts";

const keys = KEYS;
const WRANGLER = { version: "4.164.0", engines: ">=22.12.0", command: ["wrangler"] } as const;
const NAMESPACES = answer([{ id: NAMESPACE_ID, title: "edgress-rules" }]);

function buildInput(facts: Partial<CheckInput["facts"]> = {}, changes: Partial<CheckInput> = {}): CheckInput {
  return {
    facts: { ...EMPTY_ACCOUNT, namespaces: NAMESPACES, worker: answer(buildWorker(keys.publicKey)), ...facts },
    settings: buildSettings({ verifyingKeys: [keys.publicKey] }),
    variables: { EDGRESS_SIGNING_KEY: keys.privateKey, EDGRESS_ENCRYPTION_KEY: "E" },
    content: { isEmpty: true, generation: undefined, publishedAt: undefined, owner: { type: "none" } },
    edge: {
      type: "no-snapshot",
      reason: "nothing is published yet",
      verifyingKeys: [keys.publicKey],
      encryptionKeys: ["E"],
    },
    wrangler: WRANGLER,
    nodeVersion: "24.0.0",
    build: BUILD,
    now: new Date("2026-11-28T00:00:00Z"),
    ...changes,
  };
}

/** The results that are not ok, as lines. */
function listProblems(results: readonly CheckResult[]): string[] {
  return results
    .filter(({ status }) => status !== "ok")
    .map(({ name, status, subject = "", message }) => `${status} ${name} ${subject}: ${message}`);
}

function probe(result: ProbedPermission["result"], index = 0): ProbedPermission {
  const permission = ACCOUNT_PERMISSIONS[index];
  assert.ok(permission);
  return { permission, zone: undefined, result };
}

test("A complete set-up has no problem but that the edge was asked without a URL", () => {
  const input = buildInput();
  assert.deepEqual(listProblems(checkPrerequisites(input)), []);
  const settings = { ...input.settings, edgeUrl: "https://a.example.com" };
  assert.deepEqual(listProblems(checkSetup({ ...input, settings })), []);
  assert.deepEqual(listProblems(checkSetup({ ...input, edge: undefined })), [
    "skipped encryption-key : encryption key was not compared: the edge was not read",
    "skipped edge : no route leads to the Worker yet. `edgress sync --manage-hosts` adds the route of each host",
  ]);
});

test("Each missing permission is named with what fails without it, and only those of the account block", () => {
  const zoneDns = ZONE_PERMISSIONS[0];
  assert.ok(zoneDns);
  const permissions = [
    probe("denied", 0),
    probe("allowed", 1),
    { permission: zoneDns, zone: "example.com", result: "denied" } as const,
  ];
  const results = checkPrerequisites(buildInput({ permissions }));
  assert.deepEqual(listProblems(results), [
    "error permission Account · Workers KV Storage · Edit: denied: no rules can be published",
    "error permission Zone · DNS · Edit (example.com): denied: origins and hosts get no DNS records",
  ]);
  assert.deepEqual(
    findBlockingErrors(results).map(({ subject }) => subject),
    ["Account · Workers KV Storage · Edit"],
  );
});

test("An optional permission is a warning, and a probe without an answer is skipped", () => {
  const results = checkPrerequisites(
    buildInput({ permissions: [probe("denied", 2), { ...probe("unknown"), problem: "503" }] }),
  );
  assert.deepEqual(listProblems(results), [
    "warning permission Account · Account Analytics · Read: denied: staged roll-outs cannot be judged",
    "skipped permission Account · Workers KV Storage · Edit: not checked: 503",
  ]);
});

test("An unknown, disabled or expiring token and a user's token are reported", () => {
  const problems = (token: CheckInput["facts"]["token"]) => listProblems(checkPrerequisites(buildInput({ token })));
  assert.deepEqual(problems(answer(undefined)), ["error token : token is unknown to Cloudflare"]);
  assert.deepEqual(problems(answer({ owner: "account", status: "disabled", expiresOn: undefined })), [
    "error token : token is disabled",
  ]);
  assert.deepEqual(problems(answer({ owner: "user", status: "active", expiresOn: "2026-12-03T00:00:00Z" })), [
    "warning token : token is active and belongs to a user: it shares its limit of calls with the user's other tokens",
    "warning token-expiry : token expires in 5 days: 2026-12-03T00:00:00Z",
  ]);
});

test("A paused, pending, partial or invisible zone, its SSL mode and its limits are reported", () => {
  const zones = answer([
    { ...GOOD_ZONE, name: "a.org", isPaused: true, sslMode: answer("flexible") },
    {
      ...GOOD_ZONE,
      name: "b.org",
      status: "pending",
      sslMode: answer("off"),
      records: answer({ used: 200, quota: 200 }),
    },
    { ...GOOD_ZONE, name: "c.org", type: "partial", records: answer({ used: 170, quota: 200 }) },
  ]);
  const settings = buildSettings({ zones: ["a.org", "b.org", "c.org", "d.org"] });
  assert.deepEqual(listProblems(checkPrerequisites(buildInput({ zones, zoneCount: 3 }, { settings }))), [
    "error zones d.org: token does not see the zone",
    "error zone a.org: zone is paused: every host goes around the Worker",
    "warning ssl-mode a.org: SSL mode flexible: origins are reached over http, even with backend-protocol HTTPS",
    "error zone b.org: zone is pending: Cloudflare serves nothing",
    "error ssl-mode b.org: SSL mode off: clients cannot use https",
    "error records b.org: 200 of 200 DNS records",
    "warning zone c.org: zone has a CNAME setup (plan pro): wildcard hosts have no certificate",
    "warning records c.org: 170 of 200 DNS records",
  ]);
});

test("The switches that take every host down are errors", () => {
  const facts = { enforcesDnsOnly: answer(true), loginsOnAllWorkers: answer(["staff only"]) };
  assert.deepEqual(listProblems(checkPrerequisites(buildInput(facts))), [
    "error dns-only : enforce_dns_only is on: every host of the account goes around the Worker",
    "error access : Access application covers all Workers: staff only. Every host needs a login, and WebSockets fail",
  ]);
});

test("A Worker on workers.dev, of another version, without bindings or secrets, or with other keys is reported", () => {
  const other = generateSigningKeys().publicKey;
  const worker = {
    ...buildWorker(other, []),
    exposure: answer({ isEnabled: true, hasPreviews: false }),
    shares: answer([5, 95]),
  };
  const bindings = worker.bindings.filter(({ name }) => name !== "RULES" && name !== "EDGRESS_BUILD");
  const results = checkSetup(buildInput({ worker: answer({ ...worker, bindings }) }));
  assert.deepEqual(listProblems(results), [
    `warning worker edgress: Worker has another version: unknown, not ${BUILD}`,
    "error worker-bindings edgress: Worker has no binding, or another one: RULES",
    "error worker-secrets edgress: Worker has no secret EDGRESS_DECRYPTION_KEY: paths with an auth-secret return 503",
    "error worker-secrets edgress: Worker has no secret EDGRESS_STATUS_TOKEN: the controller cannot read which generation the edge serves",
    "error workers-dev edgress: Worker is reachable on workers.dev: requests bypass WAF and Access of the zone",
    "warning worker-deployment edgress: a gradual deployment is in progress: 5 %, 95 %",
    "error keys : Worker does not accept EDGRESS_SIGNING_KEY",
    "skipped edge : no route leads to the Worker yet. `edgress sync --manage-hosts` adds the route of each host",
  ]);
});
