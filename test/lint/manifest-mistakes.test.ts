import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildIngressFrom } from "../support/cli/lint.ts";
import { lintToJson, withFolder } from "../support/cli/lint-command.ts";

const TEMPLATE_REMEDY = "render the chart: helm template NAME CHART | edgress lint -";

function lintIngress(spec: object) {
  const ingress = buildIngressFrom({});
  const input = JSON.stringify({ ...ingress, spec: { ...ingress.spec, ...spec } });
  return lintToJson(["-"], input);
}

describe("mistakes in manifests", () => {
  for (const [kind, text] of [
    [
      "that is not valid YAML",
      'metadata:\n  name: {{ include "shop.name" . }}\n  labels:\n    {{- toYaml .Values.labels | nindent 4 }}\n',
    ],
    [
      "that is valid YAML",
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec: { rules: [{ host: {{ .Values.host }} }] }\n",
    ],
  ] as const) {
    test(`A Helm template ${kind} is reported with the command that renders it`, async () => {
      await withFolder({ "ingress.yaml": text }, async (folder) => {
        const { code, report } = await lintToJson([folder]);
        assert.equal(code, 1);
        const [finding] = report.findings;
        assert.deepEqual(
          [finding?.message, finding?.remedy],
          ["the file is a template of a Helm chart, not a manifest", TEMPLATE_REMEDY],
        );
      });
    });
  }

  test("An invalid file without template syntax keeps its error", async () => {
    await withFolder({ "ingress.yaml": "kind: Ingress\n  spec: {" }, async (folder) => {
      const [finding] = (await lintToJson([folder])).report.findings;
      assert.equal(finding?.message, "Nested mappings are not allowed in compact mappings");
    });
  });

  test("A Unicode host is reported with its ASCII form", async () => {
    const { report } = await lintIngress({ rules: [{ host: "bücher.example.com" }] });
    const finding = report.findings.find(({ rule }) => rule === "InvalidHost");
    assert.equal(finding?.remedy, "use its ASCII form: xn--bcher-kva.example.com");
  });

  test("A Unicode wildcard host is reported with its ASCII form", async () => {
    const { report } = await lintIngress({ rules: [{ host: "*.bücher.example.com" }] });
    const finding = report.findings.find(({ rule }) => rule === "InvalidHost");
    assert.equal(finding?.remedy, "use its ASCII form: *.xn--bcher-kva.example.com");
  });

  test("A path of networking.k8s.io/v1 without pathType is an error, because the API server rejects it", async () => {
    const backend = { service: { name: "shop", port: { number: 80 } } };
    const rules = [{ host: "shop.example.com", http: { paths: [{ path: "/cart", backend }] } }];
    const { code, report } = await lintIngress({ rules });
    const found = report.findings.filter(({ rule }) => rule === "missing-path-type");
    assert.deepEqual(
      [code, found.map(({ kind, field, message }) => [kind, field, message])],
      [
        1,
        [
          [
            "error",
            "spec.rules[0].http.paths[0].pathType",
            "path /cart has no pathType, so the API server rejects the Ingress",
          ],
        ],
      ],
    );
  });

  test("A path of networking.k8s.io/v1beta1 without pathType has the default Prefix", async () => {
    const backend = { serviceName: "shop", servicePort: 80 };
    const ingress = {
      apiVersion: "networking.k8s.io/v1beta1",
      kind: "Ingress",
      metadata: { name: "shop" },
      spec: { rules: [{ host: "shop.example.com", http: { paths: [{ path: "/cart", backend }] } }] },
    };
    const { code, report } = await lintToJson(["-"], JSON.stringify(ingress));
    const found = report.findings.filter(({ rule }) => rule === "missing-path-type");
    assert.deepEqual(
      [code, found.map(({ kind, url, edgress }) => [kind, url, edgress])],
      [0, [["note", "http://shop.example.com/cartbar", "404"]]],
    );
  });

  test("spec.tls that names no host of the Ingress is reported, with the redirect of the edge", async () => {
    const { report } = await lintIngress({ tls: [{ hosts: ["www.example.com"], secretName: "www" }] });
    const finding = report.findings.find(({ rule }) => rule === "tls-without-host");
    assert.deepEqual(
      [finding?.kind, finding?.url, finding?.nginx, finding?.edgress, finding?.remedy],
      [
        "different",
        "http://shop.example.com/",
        "served over http",
        "308 https://shop.example.com",
        "name shop.example.com in spec.tls, or remove spec.tls",
      ],
    );
  });

  for (const hosts of [["shop.example.com"], ["*.example.com"], ["www.example.com", "SHOP.example.com"]]) {
    test(`spec.tls with the hosts ${hosts.join(", ")} names a host of the Ingress`, async () => {
      const { report } = await lintIngress({ tls: [{ hosts, secretName: "certificate" }] });
      assert.ok(!report.findings.some(({ rule }) => rule === "tls-without-host"));
    });
  }
});
