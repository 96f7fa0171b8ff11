import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LintReport } from "../../../sync/lint/verdicts/report.ts";
import { lintToJson, withFolder } from "../../support/cli/lint-command.ts";

const INGRESS = `# a comment
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
    "nginx.ingress.kubernetes.io/enable-modsecurity": "true"
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: { service: { name: shop, port: { number: 80 } } }
          - path: /api/
            pathType: Prefix
            backend:
              service:
                name: shop
                port:
                  number: 9000
`;

const LIST = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: { name: other }
  - apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: listed
      annotations:
        nginx.ingress.kubernetes.io/limit-rate: "5"
    spec:
      rules:
        - host: listed.example.com
          http:
            paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }]
`;

function listSources({ findings }: LintReport, folder: string): string[] {
  return findings.map(({ rule, source }) => `${rule} ${source.replace(`${folder}/`, "")}`);
}

describe("positions of findings", () => {
  test("A finding has the line of its annotation or field, in a file with several documents", async () => {
    await withFolder({ "all.yaml": `kind: Other\n---\n${INGRESS}` }, async (folder) => {
      const { report } = await lintToJson([folder]);
      assert.deepEqual(listSources(report, folder), [
        "RouteFailedClosed all.yaml:10",
        "PortNotProxied all.yaml:21",
        "slash-redirect all.yaml:19",
      ]);
    });
  });

  test("A finding about an item of a List has the line in the item", async () => {
    await withFolder({ "list.yaml": LIST }, async (folder) => {
      const { report } = await lintToJson([folder]);
      assert.deepEqual(listSources(report, folder), [
        "UnsupportedAnnotation list.yaml:12",
        "full-support list.yaml:14",
      ]);
    });
  });

  test("A finding in a JSON file has the line of its field", async () => {
    const object = {
      kind: "Ingress",
      apiVersion: "networking.k8s.io/v1",
      metadata: { name: "a" },
      spec: { rules: "none" },
    };
    await withFolder({ "a.json": JSON.stringify(object, null, 2) }, async (folder) => {
      const { report } = await lintToJson([folder]);
      assert.deepEqual(listSources(report, folder), ["InvalidObject a.json:8"]);
    });
  });

  test("A field behind a YAML alias has the line of its definition", async () => {
    const lines = INGRESS.split("\n");
    const text = lines
      .map((line) => line.replace("http:", "http: &http"))
      .concat("    - host: other.example.com", "      http: *http")
      .filter((line) => line !== "" && !line.includes("modsecurity"))
      .join("\n");
    await withFolder({ "a.yaml": text }, async (folder) => {
      const { report } = await lintToJson([folder]);
      assert.deepEqual(listSources(report, folder).slice(0, 2), [
        "PortNotProxied a.yaml:18",
        "PortNotProxied a.yaml:18",
      ]);
    });
  });
});
