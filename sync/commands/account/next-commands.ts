import { DEFAULT_WORKER_SCRIPT } from "../../controller/managed-hosts.ts";
import type { InitOptions } from "./init-answers.ts";

/** Returns the commands after a set-up. */
export function formatNextCommands(
  variablesPath: string,
  script: string,
  { secretManifest, secretNamespace }: Pick<InitOptions, "secretManifest" | "secretNamespace">,
): readonly string[] {
  const path = variablesPath.startsWith("/") ? variablesPath : `./${variablesPath}`;
  const manifestPath = path.replace(/edgress\.env$/, "secret.yaml");
  const names = script === DEFAULT_WORKER_SCRIPT ? "" : ` --worker-script ${script} --name ${script}`;
  return [
    `set -a && . ${path} && set +a`,
    `npx edgress publish --manifests manifests/ --manage-hosts${names} --dry-run`,
    ...(secretManifest
      ? [`kubectl apply -f ${manifestPath}`]
      : [`kubectl -n ${secretNamespace} create secret generic edgress --from-env-file=${path}`]),
  ];
}
