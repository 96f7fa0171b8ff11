import type { EdgeAnswer } from "../../edge/edge-client.ts";
import type { AccountFacts } from "../facts.ts";
import type { Variables } from "../keys/variable-file.ts";
import type { NamespaceContent } from "../namespace-content.ts";
import type { SetupSettings } from "../settings.ts";
import type { Wrangler } from "../worker/find-wrangler.ts";
import { checkAccount } from "./account-checks.ts";
import type { CheckResult } from "./check.ts";
import { checkEdge } from "./edge-checks.ts";
import { checkKeys } from "./key-checks.ts";
import { checkNamespace } from "./namespace-checks.ts";
import { checkPermissions, checkToken } from "./token-checks.ts";
import { checkWrangler } from "./tool-checks.ts";
import { checkWorker } from "./worker-checks.ts";
import { checkZones } from "./zone-checks.ts";

/** Everything that the checks judge. */
export interface CheckInput {
  readonly facts: AccountFacts;
  readonly settings: SetupSettings;
  readonly variables: Variables;
  readonly content: NamespaceContent | undefined;
  readonly edge: EdgeAnswer | undefined;
  readonly wrangler: Wrangler | undefined;
  readonly nodeVersion: string;
  readonly build: string;
  readonly now: Date;
}

/** Checks the prerequisites of the set-up: tools, token, zones and account. */
export function checkPrerequisites(input: CheckInput): readonly CheckResult[] {
  const { facts, settings, wrangler, nodeVersion, now } = input;
  return [
    checkWrangler(wrangler, nodeVersion),
    ...checkToken(facts, now),
    ...checkPermissions(facts),
    ...checkZones(facts, settings.zones),
    ...checkAccount(facts),
  ];
}

/** Checks what the set-up made: KV namespace, Worker, keys, and an answer of the edge. */
export function checkSetup(input: CheckInput): readonly CheckResult[] {
  const { facts, settings, variables, content, edge, build } = input;
  return [
    ...checkNamespace(facts, settings, content),
    ...checkWorker(facts, settings, build),
    ...checkKeys(facts, variables, edge),
    checkEdge(edge, settings.edgeUrl, facts, settings.script),
  ];
}

/** Returns the errors that make a deployment impossible. Other errors can be repaired later. */
export function findBlockingErrors(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.filter(
    ({ name, status, subject }) =>
      status === "error" &&
      (name === "token" || name === "wrangler" || (name === "permission" && subject?.startsWith("Account ") === true)),
  );
}
