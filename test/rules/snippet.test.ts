import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PolicyContext } from "../../src/rules/policies/policy.ts";
import { closeForSnippet, listSnippetHeaders } from "../../src/rules/policies/snippet.ts";
import { authSnippet, configurationSnippet, serverSnippet } from "../../src/rules/policies/snippet-annotations.ts";

const ANNOTATIONS = { location: configurationSnippet, server: serverSnippet, authentication: authSnippet };
type Place = keyof typeof ANNOTATIONS;

/** Why a snippet closes its paths; undefined if it does not. */
function findReason(text: string, place: Place = "location", isSet: PolicyContext["isSet"] = () => true) {
  const parsed = ANNOTATIONS[place].parse(text);
  assert.ok(parsed.ok);
  let reason: string | undefined;
  const failClosed: PolicyContext["failClosed"] = (_, problem) => {
    reason = problem;
    return undefined;
  };
  closeForSnippet("snippet", parsed.value, "", { isSet, failClosed });
  const headers = listSnippetHeaders(parsed.value, { isSet });
  if (reason !== undefined) assert.deepEqual(headers, []);
  return reason;
}

const HARMLESS = [
  "proxy_set_header Upgrade $http_upgrade;",
  'proxy_set_header Connection "upgrade";',
  "proxy_set_header Host $host;",
  "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  "proxy_ssl_verify off;",
  "proxy_http_version 1.1;",
  'more_set_headers "X-Frame-Options: DENY" "X-B: c";',
  "auth_request_set $auth_cookie $upstream_http_set_cookie; add_header Set-Cookie $auth_cookie;",
];

// Directives that guard, route or answer, and harmless ones with another value.
const CLOSING = [
  "deny all;",
  "allow 10.0.0.0/8;",
  "return 403;",
  "rewrite ^ /x;",
  "auth_basic off;",
  "satisfy any;",
  "include /etc/nginx/x;",
  "proxy_set_header Host internal;",
  'proxy_set_header Upgrade "";',
  "proxy_set_header X-Forwarded-For 10.0.0.1;",
  "proxy_set_header X-User $remote_user;",
  "proxy_set_header Host $host extra;",
  "proxy_ssl_verify on;",
  "proxy_http_version 1.0;",
  "Proxy_set_header Host $host;",
  '"deny" all;',
  "'deny' \"all\";",
  'more_set_headers "X-A: $host";',
  "more_set_headers -s 404 X-A:b;",
  "more_clear_headers Server;",
  'add_header X-Frame-Options "DENY";',
  "auth_request_set $user $upstream_http_x_user;",
  "location / { allow all; }",
  "if ($host) { proxy_set_header Host $host; }",
  "access_by_lua_block { ngx.exit(403) }",
  "proxy_set_header Host $host { }",
];

for (const text of HARMLESS) {
  test(`The snippet ${text} does not close its paths`, () => assert.equal(findReason(text), undefined));
}

for (const text of CLOSING) {
  test(`The snippet ${text} closes its paths`, () => {
    assert.notEqual(findReason(text), undefined);
    assert.notEqual(findReason(text, "server"), undefined);
    assert.notEqual(findReason(text, "authentication"), undefined);
  });
}

const gap = fc.constantFrom("", " ", "\n", "\t", "\r\n", "# deny all;\n", '# "\n', "#'\n", "#}\n");
const unknownName = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,12}$/)
  .filter((name) => !HARMLESS.some((text) => text.includes(`${name} `)));

test("A snippet with one closing directive closes its paths wherever the directive is", () => {
  const closing = fc.oneof(
    fc.constantFrom(...CLOSING),
    fc
      .tuple(unknownName, fc.constantFrom("", " on", ' "a; b"', " $host", " '#'"))
      .map(([name, words]) => `${name}${words};`),
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...HARMLESS), { maxLength: 4 }),
      closing,
      fc.array(fc.constantFrom(...HARMLESS), { maxLength: 4 }),
      fc.array(gap, { minLength: 10, maxLength: 10 }),
      (before, directive, after, gaps) => {
        const text = [...before, directive, ...after].map((line, index) => `${gaps[index]}${line}`).join("");
        assert.notEqual(findReason(`${text}\n`), undefined, text);
      },
    ),
    { numRuns: 2000 },
  );
});

test("A snippet whose characters nginx could read as another directive closes its paths", () => {
  const piece = fc.constantFrom(
    "deny all;",
    "proxy_set_header Host ",
    "$host",
    ";",
    '"',
    "'",
    "\\",
    "#",
    "\n",
    " ",
    "{",
    "}",
    "${",
    "\u00a0",
    "\0",
  );
  const tokens = (text: string) => text.replace(/#[^\n]*/g, "").replace(/"[^"]*"|'[^']*'/g, "");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      if (findReason(text) !== undefined) return;
      assert.doesNotMatch(tokens(text), /deny/, text);
    }),
    { numRuns: 20_000 },
  );
});

test("A server snippet sets no response headers, and an authentication snippet only X-Forwarded-Host", () => {
  assert.equal(findReason('more_set_headers "X-A: b";', "server"), "unsupported nginx directive: more_set_headers");
  assert.equal(findReason("proxy_set_header X-Forwarded-Host $http_host;", "authentication"), undefined);
  assert.equal(
    findReason("proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $host;", "authentication"),
    "unsupported nginx directives: proxy_set_header X-Forwarded-Proto, proxy_set_header Host",
  );
});

test("A snippet that passes cookies of auth-url closes its paths without an auth-url", () => {
  const pair = "auth_request_set $auth_cookie $upstream_http_set_cookie; add_header Set-Cookie $auth_cookie;";
  assert.equal(
    findReason(pair, "location", () => false),
    "unsupported nginx directives: auth_request_set, add_header",
  );
});

test("The headers of more_set_headers are read as the headers-more module reads them", () => {
  const cases: readonly (readonly [text: string, headers: readonly (readonly [string, string])[]])[] = [
    [
      'more_set_headers "X-A:b" X-C:d;',
      [
        ["X-A", "b"],
        ["X-C", "d"],
      ],
    ],
    ['more_set_headers "X-A:  b: c  ";', [["X-A", "b: c"]]],
    ['more_set_headers "X-A b";', [["X-A", "b"]]],
    ["more_set_headers 'X-A: \"b\"' '';", [["X-A", '"b"']]],
    [
      'more_set_headers "X-A: b"; more_set_headers "X-A: c";',
      [
        ["X-A", "b"],
        ["X-A", "c"],
      ],
    ],
  ];
  for (const [text, headers] of cases) {
    const parsed = configurationSnippet.parse(text);
    assert.ok(parsed.ok);
    assert.deepEqual(listSnippetHeaders(parsed.value, { isSet: () => false }), headers);
  }
  for (const word of [
    "X-A",
    "X-A:",
    " X-A: b",
    ":b",
    "X-*: b",
    "-s",
    "Content-Length: 0",
    "Connection: close",
    "X A\u00e9: b",
  ])
    assert.notEqual(findReason(`more_set_headers "${word}";`), undefined, word);
});
