import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { WRITTEN_ANNOTATIONS } from "../../sync/collect/annotation-names.ts";
import { find } from "../support/deploy/chart.ts";
import { NO_HELM, renderChart, runHelm } from "../support/deploy/helm.ts";
import { renderKustomization } from "../support/deploy/kustomize.ts";

const POLICY = "ValidatingAdmissionPolicy";
const Policy = z.object({
  spec: z.looseObject({
    failurePolicy: z.string(),
    matchConditions: z.array(z.object({ name: z.string(), expression: z.string() })),
    variables: z.array(z.object({ name: z.string(), expression: z.string() })),
  }),
});
const withPolicy = { admissionPolicy: { create: true } };

describe("deploy/admission-policy", () => {
  test("The policy lists exactly the annotations that the controller writes", async () => {
    const { spec } = Policy.parse(find(await renderKustomization("deploy/admission-policy"), POLICY));
    const writable = spec.variables.find(({ name }) => name === "writable");
    assert.equal(writable?.expression, "['edgress.dev/live-generation']");
    assert.deepEqual([...WRITTEN_ANNOTATIONS], ["edgress.dev/live-generation"]);
  });

  test("The policy applies to the ServiceAccount of deploy/base, and denies if it fails", async () => {
    const objects = await renderKustomization("deploy/admission-policy");
    const { namespace, name } = find(await renderKustomization("deploy/base"), "ServiceAccount").metadata;
    const { failurePolicy, matchConditions } = Policy.parse(find(objects, POLICY)).spec;
    const expression = `request.userInfo.username == "system:serviceaccount:${namespace}:${name}"`;
    assert.deepEqual(matchConditions, [{ name: "is-edgress", expression }]);
    assert.equal(failurePolicy, "Fail");
    assert.deepEqual(find(objects, `${POLICY}Binding`).spec, {
      policyName: find(objects, POLICY).metadata.name,
      validationActions: ["Deny"],
    });
  });
});

describe("the admission policy of the Helm chart", { skip: NO_HELM }, () => {
  test("The value admissionPolicy.create adds the objects of deploy/admission-policy", async () => {
    const added = renderChart(withPolicy).filter(({ kind }) => kind.startsWith(POLICY));
    const rendered = await renderKustomization("deploy/admission-policy");
    assert.deepEqual(new Set(added), new Set(rendered));
    assert.deepEqual(
      renderChart().filter(({ kind }) => kind.startsWith(POLICY)),
      [],
    );
  });

  test("The policy applies to the ServiceAccount in the namespace of the values", () => {
    const objects = renderChart({ ...withPolicy, namespace: { name: "ingress" } });
    const [condition] = Policy.parse(find(objects, POLICY)).spec.matchConditions;
    assert.equal(condition?.expression, 'request.userInfo.username == "system:serviceaccount:ingress:edgress"');
  });

  test("The policy is an error in one line for an API server that does not have it", () => {
    const { status, stderr } = runHelm(["template", "edgress"], withPolicy, ["--kube-version", "1.29.0"]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /: admissionPolicy\.create is true, but the API server is v1\.29\.0\. Set it to false, or update the cluster to 1\.30\n/,
    );
  });
});
