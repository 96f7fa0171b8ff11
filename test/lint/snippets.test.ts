import assert from "node:assert/strict";
import { test } from "node:test";
import { lintIngresses, NGINX } from "../support/cli/lint.ts";

async function listSnippetFindings(annotations: Readonly<Record<string, string>>): Promise<string[]> {
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, text]) => [NGINX + name, text]));
  const findings = await lintIngresses([{ annotations: prefixed }]);
  return findings
    .filter(({ rule }) => rule.startsWith("snippet") || rule === "RouteFailedClosed")
    .map(({ kind, rule, message, remedy }) => `${kind} ${rule} ${message}${remedy === undefined ? "" : `; ${remedy}`}`);
}

test("Lint reports directives that can be removed, and no error", async () => {
  const text = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_http_version 1.1;';
  assert.deepEqual(await listSnippetFindings({ "configuration-snippet": text }), [
    "note snippet-not-needed proxy_http_version: Cloudflare negotiates the HTTP version; remove it",
    "note snippet-not-needed proxy_set_header Connection: WebSockets work without it; remove it",
    "note snippet-not-needed proxy_set_header Upgrade: WebSockets work without it; remove it",
  ]);
  assert.deepEqual(await listSnippetFindings({ "server-snippet": "proxy_ssl_verify off;" }), [
    "note snippet-not-needed proxy_ssl_verify: the zone's SSL mode sets the verification of origins; remove it",
  ]);
});

test("Lint reports more_set_headers as response headers", async () => {
  const text = 'more_set_headers "X-Frame-Options: DENY";';
  assert.deepEqual(await listSnippetFindings({ "configuration-snippet": text }), [
    "unchanged snippet-headers more_set_headers: read as response headers: X-Frame-Options",
  ]);
});

test("Lint reports a nested location, and not the directives in it", async () => {
  const findings = await listSnippetFindings({ "server-snippet": "location = /robots.txt { allow all; }" });
  assert.deepEqual(
    findings.filter((finding) => finding.startsWith("unsupported")),
    ["unsupported snippet location; add its path to an Ingress, with the annotations for it"],
  );
});

test("Lint reports each directive of a snippet once, and none in a comment", async () => {
  const text = '# proxy_set_header A b;\nif ($x) { return 403; }\nadd_header "X" y;\nadd_header "Z" y;';
  const findings = await listSnippetFindings({ "configuration-snippet": text });
  assert.deepEqual(
    findings.filter((finding) => finding.startsWith("unsupported")),
    [
      "unsupported snippet add_header; set custom-headers to a ConfigMap of response headers",
      "unsupported snippet if; no annotation replaces it",
    ],
  );
});
