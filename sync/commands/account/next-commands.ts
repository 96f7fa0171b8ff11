import type { InitOptions } from "./init-answers.ts";

/** Returns the commands after a set-up. */
export function formatNextCommands(
  variablesPath: string,
  { secretManifest, secretNamespace }: Pick<InitOptions, "secretManifest" | "secretNamespace">,
): readonly string[] {
  const path = variablesPath.startsWith("/") ? variablesPath : `./${variablesPath}`;
  const manifestPath = path.replace(/edgress\.env$/, "secret.yaml");
  return [
    `set -a && . ${path} && set +a`,
    "npx edgress publish --manifests manifests/ --dry-run",
    ...(secretManifest
      ? [`kubectl apply -f ${manifestPath}`]
      : [`kubectl -n ${secretNamespace} create secret generic edgress --from-env-file=${path}`]),
  ];
}
