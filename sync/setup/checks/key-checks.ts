import type { EdgeAnswer } from "../../edge/edge-client.ts";
import { createSigner } from "../../publish/sign-manifest.ts";
import type { AccountFacts } from "../facts.ts";
import type { Variables } from "../keys/variable-file.ts";
import { type CheckResult, check } from "./check.ts";
import { readVariable } from "./worker-checks.ts";

/** Checks that the controller's halves of the keys fit the Worker's halves. */
export function checkKeys(
  { worker }: Pick<AccountFacts, "worker">,
  variables: Variables,
  edge: EdgeAnswer | undefined,
): readonly CheckResult[] {
  const report = check("keys");
  const signingKey = variables.EDGRESS_SIGNING_KEY;
  if (!signingKey) return [report.error("controller has no signing key", "Run `edgress init`")];
  const publicKey = readPublicKey(signingKey);
  if (publicKey === undefined)
    return [report.error("EDGRESS_SIGNING_KEY is invalid", "Set the key of the environment's edgress.env")];
  if (!worker.ok || !worker.value) return [report.skipped("keys were not compared: the Worker was not read")];
  const accepted = (readVariable(worker.value, "EDGRESS_VERIFYING_KEY") ?? "").split(",");
  return [
    accepted.includes(publicKey)
      ? report.ok(
          accepted.length === 1 ? "Worker accepts the signing key" : "Worker accepts two signing keys (rotation)",
        )
      : report.error("Worker does not accept EDGRESS_SIGNING_KEY", "Run `edgress init` to deploy its verifying key"),
    ...checkEncryptionKey(variables.EDGRESS_ENCRYPTION_KEY, edge),
  ];
}

function checkEncryptionKey(encryptionKey: string | undefined, edge: EdgeAnswer | undefined): readonly CheckResult[] {
  const report = check("encryption-key");
  if (!encryptionKey) return [report.error("controller has no encryption key", "Run `edgress init`")];
  if (edge === undefined || edge.type === "unavailable" || edge.encryptionKeys === undefined)
    return [report.skipped("encryption key was not compared: the edge was not read")];
  if (edge.encryptionKeys.includes(encryptionKey)) return [report.ok("Worker can decrypt the controller's secrets")];
  return [
    report.error(
      "Worker cannot decrypt the controller's secrets: EDGRESS_ENCRYPTION_KEY is of another pair",
      "Run `edgress keys rotate`",
    ),
  ];
}

/** Returns the verifying key of a signing key. Undefined if it is invalid. */
export function readPublicKey(signingKey: string): string | undefined {
  try {
    return createSigner(signingKey).publicKey;
  } catch {
    return undefined;
  }
}
