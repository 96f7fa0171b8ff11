import type { EdgeAnswer } from "./edge-client.ts";

/** Returns a problem of one line if the Worker does not accept the signatures of `publicKey` (base64). */
export function findVerifyingKeyProblem(answer: EdgeAnswer, publicKey: string): string | undefined {
  if (answer.type === "unavailable" || answer.verifyingKeys === undefined) return undefined;
  const remedy = `Set EDGRESS_VERIFYING_KEY=${publicKey} in the Worker's variables, and deploy it`;
  if (answer.verifyingKeys.length === 0) return `the Worker has no valid EDGRESS_VERIFYING_KEY. ${remedy}`;
  if (answer.verifyingKeys.includes(publicKey)) return undefined;
  return `EDGRESS_SIGNING_KEY does not belong to the Worker's EDGRESS_VERIFYING_KEY. ${remedy}, or use the signing key of its key`;
}
