// Run by `npm run test:cluster`: the objects of deploy/ on a recent API server.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import * as z from "zod";
import { startControlPlane } from "../support/cluster/control-plane.ts";

const skip = process.env.KUBECONFIG ? "deploy/ would change cluster-wide objects of an external cluster" : false;
const Deployment = z.object({
  spec: z.object({ template: z.object({ spec: z.looseObject({ securityContext: z.looseObject({}) }) }) }),
});

describe("deploy/ on Kubernetes 1.36", { skip }, async () => {
  if (skip) return;
  const cluster = await startControlPlane({ version: "1.36" });
  after(() => cluster.close());

  /** Creates a Pod on the API server, without storing it. */
  async function dryRunPod(spec: object): Promise<string> {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "edgress", namespace: "edgress" }, spec };
    return cluster.kubectl(["create", "--dry-run=server", "--filename", "-"], JSON.stringify(pod));
  }

  test("The API server accepts deploy/base and deploy/admission-policy without a warning", async () => {
    for (const folder of ["deploy/base", "deploy/admission-policy"])
      await cluster.kubectl(["apply", "--warnings-as-errors", "--kustomize", folder]);
  });

  test("The Pod of deploy/base with its mounted Secret meets the restricted Pod Security Standard", async () => {
    const text = await cluster.kubectl(["get", "deployment", "edgress", "--namespace", "edgress", "--output", "json"]);
    const { spec } = Deployment.parse(JSON.parse(text)).spec.template;
    assert.match(await dryRunPod(spec), /^pod\/edgress created/);
    const rootSpec = { ...spec, securityContext: { ...spec.securityContext, runAsNonRoot: false } };
    await assert.rejects(dryRunPod(rootSpec), /violates PodSecurity "restricted:latest"/);
  });
});
