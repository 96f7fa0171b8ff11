import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { KubernetesManifest } from "./kustomize.ts";

const CHART = fileURLToPath(new URL("../../../deploy/chart", import.meta.url));
const INSTALLED = fileURLToPath(new URL("../../../node_modules/.cache/helm/helm", import.meta.url));
const HELM = existsSync(INSTALLED) ? INSTALLED : "helm";

/** Why the tests of the chart are skipped, or false. In CI nothing is skipped: the tests fail there without Helm. */
export const NO_HELM =
  process.env.CI === undefined && spawnSync(HELM, ["version"]).status !== 0
    ? "Helm not found: run tools/install-helm.sh, or install Helm 3"
    : false;

/** Runs Helm on the chart: `["template", "edgress"]` becomes `helm template edgress deploy/chart`. */
export function runHelm(command: readonly string[], values: object = {}, options: readonly string[] = []) {
  const { status, stdout, stderr, error } = spawnSync(HELM, [...command, CHART, "--values", "-", ...options], {
    input: JSON.stringify(values),
    encoding: "utf8",
  });
  if (error) throw new Error("Helm not found: run tools/install-helm.sh, or install Helm 3");
  return { status, stdout, stderr };
}

/** Returns the objects of the chart for an API server of a version, with some values set. */
export function renderChart(values: object = {}, kubeVersion = "1.34.0"): KubernetesManifest[] {
  const { status, stdout, stderr } = runHelm(["template", "edgress"], values, ["--kube-version", kubeVersion]);
  if (status !== 0) throw new Error(`helm template: ${stderr.trim()}`);
  const documents = parseAllDocuments(stdout);
  return (Array.isArray(documents) ? documents : []).map((document) => KubernetesManifest.parse(document.toJS()));
}
