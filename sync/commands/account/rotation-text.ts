import type { RotationStep } from "../../setup/keys/rotation.ts";

/** Describes a step of a rotation as one line. */
export function describeRotationStep(step: RotationStep): string {
  switch (step.type) {
    case "begin":
      return "1/7 create new keys";
    case "put-decryption-key":
      return `2/7 set the Worker's secret ${step.slot}, next to the old one`;
    case "deploy":
      return step.verifyingKeys.length === 2
        ? "3/7 deploy the Worker with the new verifying key next to the old one"
        : "6/7 deploy the Worker without the old verifying key";
    case "confirm-edge":
      return "4/7 wait until the edge accepts the new keys";
    case "switch-controller":
      return "5/7 write the new keys into the controller's files";
    case "restart-controller":
      return "5/7 the controller must publish with the new keys";
    case "settle":
      return `5/7 wait up to ${Math.ceil(step.remainingMs / 1000)} s until every location has generation ${step.generation}`;
    case "delete-decryption-key":
      return `7/7 delete the Worker's old secret ${step.slot}`;
    case "finish":
      return "done: the old keys are removed";
  }
}

/** Returns the commands that make the controller publish with the new keys. */
export function formatRestartCommands(variablesPath: string): readonly string[] {
  const path = variablesPath.startsWith("/") ? variablesPath : `./${variablesPath}`;
  return [
    "next, with the controller in a cluster:",
    `  kubectl -n edgress create secret generic edgress --from-env-file=${path} --dry-run=client -o yaml | kubectl apply -f -`,
    "  kubectl -n edgress rollout restart deployment edgress",
    "or, without a cluster:",
    `  set -a && . ${path} && set +a`,
    "  npx edgress publish --manifests manifests/",
    "then run this command again",
  ];
}
