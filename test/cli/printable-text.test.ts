import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runEdgress } from "../support/cli/edge-cli.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-printable-"));
  const annotations = {
    "nginx.ingress.kubernetes.io/proxy-body-size": "\u001b[2J\u001b]0;owned\u0007",
    "nginx.ingress.kubernetes.io/constructor": "\u202e",
    "nginx.ingress.kubernetes.io/toString": "x",
  };
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "shop", namespace: "default", annotations },
    spec: {
      ingressClassName: "edgress",
      rules: [
        {
          host: "a.example.com",
          http: {
            paths: [
              {
                path: "/[[:constructor:]]",
                pathType: "Prefix",
                backend: { service: { name: "x", port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  };
  await writeFile(join(folder, "ingress.yaml"), JSON.stringify(ingress));
});

after(() => rm(folder, { recursive: true }));

for (const args of [
  ...["text", "json", "markdown", "html", "sarif", "junit"].map((format) => [
    "lint",
    "--from",
    "edgress",
    "--verbose",
    "--format",
    format,
  ]),
  ["explain", "http://a.example.com/", "--manifests"],
]) {
  test(`edgress ${args.join(" ")} cannot print an escape sequence of an annotation`, async () => {
    const { stdout, stderr } = await runEdgress([...args, folder]);
    assert.doesNotMatch(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
    assert.doesNotMatch(stdout + stderr, /undefined|\[object|native code/);
    if (args.includes("json") || args.includes("sarif")) JSON.parse(stdout);
  });
}

test("edgress lint shows an escape sequence of an annotation as text", async () => {
  const { stdout } = await runEdgress(["lint", "--from", "edgress", "--verbose", folder]);
  assert.ok(stdout.includes("\\u001b[2J"), stdout);
});
