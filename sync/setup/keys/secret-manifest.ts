import type { Variables } from "./variable-file.ts";

/** The variables that the Deployment mounts. The others are for commands on this machine. */
const MOUNTED_VARIABLES = [
  "CLOUDFLARE_ACCOUNT_ID",
  "CLOUDFLARE_API_TOKEN",
  "EDGRESS_KV_NAMESPACE_ID",
  "EDGRESS_SIGNING_KEY",
  "EDGRESS_VERIFYING_KEY",
  "EDGRESS_ENCRYPTION_KEY",
  "EDGRESS_STATUS_TOKEN",
];

/** Formats the controller's variables as a Kubernetes Secret. JSON strings are valid YAML. */
export function formatSecretManifest(variables: Variables, namespace: string): string {
  const rows = MOUNTED_VARIABLES.flatMap((name) => {
    const value = variables[name];
    return value === undefined ? [] : [`  ${name}: ${JSON.stringify(value)}`];
  });
  const header = ["apiVersion: v1", "kind: Secret", "metadata:", "  name: edgress", `  namespace: ${namespace}`];
  return [...header, "type: Opaque", "stringData:", ...rows, ""].join("\n");
}

/** Returns the namespace of a manifest that `formatSecretManifest` wrote. */
export function readSecretNamespace(manifest: string): string {
  return /^ {2}namespace: (\S+)$/m.exec(manifest)?.[1] ?? "edgress";
}
