import * as z from "zod/mini";
import type { ApiReply, ErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { findChangedSecrets } from "./bindings.ts";
import { addDeployment, MAX_DEPLOYABLE_VERSIONS } from "./script-changes.ts";
import { findServedVersion, type LocalScript, type VersionShare } from "./script-model.ts";
import { formatDeployment, formatVersion } from "./script-replies.ts";
import { saveScript } from "./upload-calls.ts";
import { findSource, readJsonBody, type ScriptCall } from "./workers-context.ts";

const DEFAULT_PAGE_SIZE = 25;

/** Lists versions, newest first, or shows one: `GET /workers/scripts/NAME/versions[/ID]`. */
export const getVersions: ScriptCall = (call, scriptName, [versionId], { store }) => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  if (versionId !== undefined) {
    const version = script.versions.find(({ id }) => id === versionId);
    return version ? { result: formatVersion(script, version) } : workersErrors.versionNotFound(versionId);
  }
  const isDeployable = call.query.get("deployable") === "true";
  const page = Number(call.query.get("page") ?? 1);
  const size = isDeployable ? MAX_DEPLOYABLE_VERSIONS : Number(call.query.get("per_page") ?? DEFAULT_PAGE_SIZE);
  const versions = script.versions.slice((page - 1) * size, page * size);
  return {
    result: { items: versions.map((version) => formatVersion(script, version)) },
    resultInfo: { page, per_page: size, count: versions.length, total_count: script.versions.length },
  };
};

/** Lists deployments, newest first, or shows one: `GET /workers/scripts/NAME/deployments[/ID]`. */
export const getDeployments: ScriptCall = (_call, scriptName, [deploymentId], { store }): ApiReply => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  if (deploymentId === undefined)
    return { result: { deployments: script.deployments.slice(0, 100).map(formatDeployment) } };
  const deployment = script.deployments.find(({ id }) => id === deploymentId);
  return deployment ? { result: formatDeployment(deployment) } : workersErrors.deploymentNotFound(deploymentId);
};

/** Removes a deployment that is not active: `DELETE /workers/scripts/NAME/deployments/ID`. */
export const deleteDeployment: ScriptCall = async (_call, scriptName, [deploymentId = ""], { store }) => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  const index = script.deployments.findIndex(({ id }) => id === deploymentId);
  if (index === -1) return workersErrors.deploymentNotFound(deploymentId);
  if (index === 0) return workersErrors.invalidUpload("The active deployment cannot be deleted.");
  await store.save({ ...script, deployments: script.deployments.filter(({ id }) => id !== deploymentId) });
  return { result: null };
};

const DeploymentRequest = z.object({
  strategy: z.literal("percentage"),
  versions: z.array(z.object({ version_id: z.string(), percentage: z.number() })),
  annotations: z.optional(z.record(z.string(), z.optional(z.string()))),
});
type DeploymentRequest = z.infer<typeof DeploymentRequest>;

/** Deploys one or two versions: `POST /workers/scripts/NAME/deployments`. */
export const postDeployment: ScriptCall = async (call, scriptName, _rest, context) => {
  const script = context.store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  const request = z.safeParse(DeploymentRequest, readJsonBody(call));
  if (!request.success) return workersErrors.invalidUpload(z.prettifyError(request.error));
  const problem = findDeploymentProblem(script, request.data, call.query.get("force") === "true");
  if (problem) return problem;
  const message = request.data.annotations?.["workers/message"];
  const annotations = {
    ...(message !== undefined && { "workers/message": message }),
    "workers/triggered_by": "deployment",
  };
  const source = findSource(call);
  const deployedScript = addDeployment(script, request.data.versions, annotations, source, context.now());
  const failure = await saveScript(deployedScript, context);
  return failure ?? { result: formatDeployment(deployedScript.deployments[0]) };
};

function findDeploymentProblem(
  script: LocalScript,
  { versions }: DeploymentRequest,
  isForced: boolean,
): ErrorReply | undefined {
  const problem = findShareProblem(versions);
  if (problem !== undefined) return workersErrors.invalidUpload(problem);
  const deployableVersions = script.versions.slice(0, MAX_DEPLOYABLE_VERSIONS);
  const servedBindings = findServedVersion(script)?.bindings ?? [];
  for (const { version_id } of versions) {
    const version = deployableVersions.find(({ id }) => id === version_id);
    if (!version) return workersErrors.versionNotFound(version_id);
    if (isForced || version.number === script.versions[0]?.number) continue;
    const changedSecrets = findChangedSecrets(version.bindings, servedBindings);
    if (changedSecrets.length > 0) return workersErrors.secretsChanged(changedSecrets);
  }
  return undefined;
}

function findShareProblem(versions: readonly VersionShare[]): string | undefined {
  const differentVersions = new Set(versions.map(({ version_id }) => version_id)).size;
  if (differentVersions !== versions.length || differentVersions < 1 || differentVersions > 2)
    return "A deployment must have one or two different versions.";
  const sum = versions.reduce((total, { percentage }) => total + percentage, 0);
  if (versions.some(({ percentage }) => percentage < 0) || Math.abs(sum - 100) > 0.001)
    return `The percentages of a deployment must sum to 100, not ${sum}.`;
  return undefined;
}
