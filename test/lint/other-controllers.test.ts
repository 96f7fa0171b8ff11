import assert from "node:assert/strict";
import { test } from "node:test";
import { lintIngresses } from "../support/cli/lint.ts";

test("Lint reports a path with the wildcard of other controllers, and its replacement", async () => {
  const findings = await lintIngresses([
    {
      paths: [
        ["/api/v1/*", "ImplementationSpecific"],
        ["/*", "Prefix"],
      ],
    },
  ]);
  assert.deepEqual(
    findings
      .filter(({ rule }) => rule === "glob-path")
      .map(({ kind, field, message, remedy }) => `${kind} ${field} ${message}; ${remedy}`),
    [
      "note spec.rules[0].http.paths[0].path path /api/v1/* has the wildcard of AWS and Google Cloud, which is not one here; set /api/v1 with pathType Prefix",
      "note spec.rules[0].http.paths[1].path path /* has the wildcard of AWS and Google Cloud, which is not one here; set / with pathType Prefix",
    ],
  );
  assert.equal(findings.filter(({ rule }) => rule === "regex-not-enabled").length, 0);
});

test("Lint does not report a guard of another controller as the behavior of ingress-nginx", async () => {
  const [finding] = await lintIngresses([{ annotations: { "konghq.com/plugins": "key-auth" } }]);
  assert.partialDeepStrictEqual(finding, {
    rule: "RouteFailedClosed",
    kind: "error",
    url: "http://shop.example.com/",
    edgress: "503",
  });
});
