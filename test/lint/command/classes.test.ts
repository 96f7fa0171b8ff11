import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildIngressList } from "../../support/cli/lint.ts";
import { lintToJson, runWithInput } from "../../support/cli/lint-command.ts";

/** A List with one Ingress per class, and IngressClass objects by name. */
function buildClasses(
  ingresses: readonly { readonly name: string; readonly field?: string; readonly annotation?: string }[],
  controllers: Readonly<Record<string, string>> = {},
): string {
  const [service, ingress] = buildIngressList([{}]).items as [object, { spec: { rules: object[] } }];
  const objects = ingresses.map(({ name, field, annotation }) => ({
    ...ingress,
    metadata: { name, ...(annotation !== undefined && { annotations: { "kubernetes.io/ingress.class": annotation } }) },
    spec: {
      ...ingress.spec,
      rules: [{ ...ingress.spec.rules[0], host: `${name}.example.com` }],
      ...(field !== undefined && { ingressClassName: field }),
    },
  }));
  const classes = Object.entries(controllers).map(([name, controller]) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name },
    spec: { controller },
  }));
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: [service, ...objects, ...classes] });
}

const mixed = buildClasses(
  [
    { name: "by-field", field: "nginx" },
    { name: "by-annotation", annotation: "nginx" },
    { name: "classless" },
    { name: "by-controller", field: "public" },
    { name: "foreign", field: "traefik" },
  ],
  { public: "k8s.io/ingress-nginx", traefik: "traefik.io/ingress-controller" },
);

describe("classes of edgress lint", () => {
  test("edgress lint checks the Ingresses of ingress-nginx by default, and counts the others", async () => {
    const { report } = await lintToJson(["-"], mixed);
    assert.deepEqual(
      report.ingresses.map(({ name }) => name),
      ["default/by-annotation", "default/by-controller", "default/by-field", "default/classless"],
    );
    assert.deepEqual(report.skippedClasses, [
      { kind: "IngressClass", name: "traefik", controller: "traefik.io/ingress-controller", count: 1 },
    ]);
    assert.deepEqual(
      report.findings.filter(({ kind }) => kind !== "unchanged"),
      [],
    );
    const { out } = await runWithInput(["lint", "-", "--summary"], mixed);
    assert.match(out, /\nSkipped classes: traefik \(1\)\n/);
  });

  test("edgress lint checks the class nginx with an IngressClass object of ingress-nginx", async () => {
    const input = buildClasses([{ name: "shop", field: "nginx" }], { nginx: "k8s.io/ingress-nginx" });
    assert.deepEqual(
      (await lintToJson(["-"], input)).report.ingresses.map(({ name }) => name),
      ["default/shop"],
    );
  });

  test("edgress lint --ingress-class checks that class only", async () => {
    const { report } = await lintToJson(
      ["-", "--ingress-class", "traefik", "--controller", "traefik.io/ingress-controller"],
      mixed,
    );
    assert.deepEqual(
      report.ingresses.map(({ name }) => name),
      ["default/foreign"],
    );
  });

  test("edgress lint --from edgress checks the Ingresses of edgress only", async () => {
    const input = buildClasses([
      { name: "moved", field: "edgress" },
      { name: "shop", field: "nginx" },
    ]);
    const { report } = await lintToJson(["-", "--from", "edgress"], input);
    assert.deepEqual(
      report.ingresses.map(({ name }) => name),
      ["default/moved"],
    );
  });

  test("Parameters of an IngressClass of ingress-nginx are no class defaults", async () => {
    const ingresses = buildClasses([{ name: "shop", field: "nginx" }], { nginx: "k8s.io/ingress-nginx" });
    const input = ingresses.replace(
      '"controller":',
      '"parameters":{"kind":"IngressParameters","name":"lb"},"controller":',
    );
    const { code, report } = await lintToJson(["-"], input);
    assert.deepEqual([code, report.findings.filter(({ kind }) => kind === "error")], [0, []]);
  });

  test("edgress lint exits with 2 and names the class if it skips every Ingress", async () => {
    const input = buildClasses(
      [
        { name: "a", field: "traefik" },
        { name: "b", field: "traefik" },
        { name: "c", annotation: "alb" },
      ],
      { traefik: "traefik.io/ingress-controller" },
    );
    assert.deepEqual(await runWithInput(["lint", "-"], input), {
      code: 2,
      out: "",
      error:
        "edgress: no Ingress of the selected class in -: 3 of 3 have another class: traefik (2), alb (1). Use --ingress-class traefik --controller traefik.io/ingress-controller\n",
    });
  });
});
