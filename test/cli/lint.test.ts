import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { diagnosticReasons } from "../../sync/compile/diagnostics.ts";
import { FINDING_KINDS, type Finding } from "../../sync/lint/finding.ts";
import { formatJunit } from "../../sync/lint/junit.ts";
import { lint } from "../../sync/lint/lint.ts";
import { buildSarif } from "../../sync/lint/sarif.ts";
import { parseDirectives } from "../../sync/lint/snippets.ts";
import { formatTable } from "../../sync/lint/text-output.ts";
import { OPTIONS, readFixtures, ZONES } from "../support/fixture.ts";

const CLI = fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const NGINX = "nginx.ingress.kubernetes.io/";

interface IngressInput {
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly paths?: readonly (readonly [path: string, pathType: string | undefined])[];
  readonly port?: number;
  readonly tls?: string;
}

describe("lint names", () => {
  const cases: readonly [sentence: string, ingresses: readonly IngressInput[], expected: Partial<Finding>][] = [
    [
      "a slash that ingress-nginx adds by redirect",
      [{ paths: [["/cart/", "Prefix"]] }],
      {
        rule: "slash-redirect",
        kind: "different",
        field: "spec.rules[0].http.paths[0].path",
        url: "http://shop.example.com/cart",
        nginx: "301 http://shop.example.com/cart/",
        edgress: "default/shop:80",
      },
    ],
    [
      "the Ingress that makes another's paths expressions",
      [
        { name: "api", annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/v[12]", "ImplementationSpecific"]] },
        { name: "shop", paths: [["/cart", "Exact"]] },
      ],
      {
        rule: "regex-applies-to-host",
        kind: "note",
        object: "Ingress default/api",
        field: `metadata.annotations[${NGINX}use-regex]`,
        url: "http://shop.example.com/cartbar",
        nginx: "default/shop:80",
        edgress: "default/shop:80",
      },
    ],
    [
      "an Exact path that is open-ended",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Exact"]] }],
      {
        rule: "exact-matches-longer-paths",
        kind: "note",
        url: "http://shop.example.com/cartbar",
        edgress: "default/shop:80",
      },
    ],
    [
      "a Prefix that takes part of a segment",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Prefix"]] }],
      {
        rule: "prefix-matches-partial-segment",
        kind: "note",
        url: "http://shop.example.com/cartbar",
        edgress: "default/shop:80",
      },
    ],
    [
      "case that is ignored",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Prefix"]] }],
      { rule: "case-insensitive", kind: "note", url: "http://shop.example.com/CART", edgress: "default/shop:80" },
    ],
    [
      "a dot that stands for any character",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/robots.txt", "Exact"]] }],
      { rule: "dot-is-wildcard", kind: "note", url: "http://shop.example.com/robotsxtxt", edgress: "default/shop:80" },
    ],
    [
      "a rewrite that sends every path to one",
      [{ annotations: { [`${NGINX}rewrite-target`]: "/new" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "rewrite-without-groups",
        kind: "note",
        url: "http://shop.example.com/old/x",
        nginx: "default/shop:80 /new",
        edgress: "default/shop:80 /new",
      },
    ],
    [
      "a rewrite of before 2018",
      [{ annotations: { "ingress.kubernetes.io/rewrite-target": "/" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "legacy-rewrite",
        kind: "different",
        url: "http://shop.example.com/old/x",
        nginx: "default/shop:80, not rewritten",
        edgress: "default/shop:80 /x",
      },
    ],
    [
      "the prefix of before 2018",
      [{ annotations: { "ingress.kubernetes.io/ssl-redirect": "false" } }],
      { rule: "legacy-prefix", kind: "different", field: "metadata.annotations[ingress.kubernetes.io/ssl-redirect]" },
    ],
    [
      "policies that what no path takes inherits",
      [{ annotations: { [`${NGINX}rewrite-target`]: "https://new.example.net" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "default-backend-inherits-policies",
        kind: "note",
        url: "http://shop.example.com/unmatched-path",
        edgress: "302 https://new.example.net",
      },
    ],
    [
      "a path without a pathType",
      [{ paths: [["/cart", undefined]] }],
      { rule: "missing-path-type", kind: "note", url: "http://shop.example.com/cartbar", edgress: "404" },
    ],
    [
      "an expression whose pathType says that it is none",
      [{ annotations: { [`${NGINX}rewrite-target`]: "/$1" }, paths: [["/cart/(.*)", "Prefix"]] }],
      { rule: "regex-path-type", kind: "note", field: "spec.rules[0].http.paths[0].pathType" },
    ],
    [
      "an expression that is not read as one",
      [{ paths: [["/v[12]", "ImplementationSpecific"]] }],
      { rule: "regex-not-enabled", kind: "note" },
    ],
    [
      "a port that the origin sees in Host",
      [{ port: 8080 }],
      {
        rule: "PortVisibleInHost",
        kind: "different",
        url: "http://shop.example.com/",
        nginx: "Host: shop.example.com",
        edgress: "Host: shop.example.com:8080",
      },
    ],
    [
      "a port that Cloudflare does not proxy",
      [{ port: 3000 }],
      {
        rule: "PortNotProxied",
        kind: "error",
        url: "http://shop.example.com/",
        nginx: "the Service's Pods",
        edgress: "503",
      },
    ],
    ["a TLS Secret that is missing", [{ tls: "never-made" }], { rule: "TLSSecretNotFound", kind: "note" }],
    [
      "what closes a route",
      [{ annotations: { [`${NGINX}enable-modsecurity`]: "true" } }],
      {
        rule: "RouteFailedClosed",
        kind: "error",
        url: "http://shop.example.com/",
        nginx: "served, with enable-modsecurity",
        edgress: "503",
      },
    ],
    [
      "what a route is served without",
      [{ annotations: { [`${NGINX}limit-rate`]: "5" } }],
      { rule: "UnsupportedAnnotation", kind: "unsupported" },
    ],
    [
      "what stands for a line of a snippet",
      [{ annotations: { [`${NGINX}configuration-snippet`]: 'more_set_headers "X: y";' } }],
      { rule: "snippet", kind: "unsupported" },
    ],
    [
      "what only tunes nginx",
      [{ annotations: { [`${NGINX}proxy-buffering`]: "on" } }],
      { rule: "no-op", kind: "unchanged", field: `metadata.annotations[${NGINX}proxy-buffering]` },
    ],
    [
      "what is near",
      [{ annotations: { [`${NGINX}enable-cors`]: "true", [`${NGINX}cors-allow-origin`]: "https://a.example.net" } }],
      { rule: "partial-support", kind: "different", field: `metadata.annotations[${NGINX}cors-allow-origin]` },
    ],
    [
      "what is the same",
      [{ annotations: { [`${NGINX}ssl-redirect`]: "false" } }],
      { rule: "full-support", kind: "unchanged", message: "1 path, and ssl-redirect: as in ingress-nginx" },
    ],
    [
      "x-forwarded-prefix that was meant as a flag",
      [{ annotations: { [`${NGINX}x-forwarded-prefix`]: "true" } }],
      { rule: "forwarded-prefix-not-boolean", kind: "note" },
    ],
  ];

  for (const [sentence, ingresses, expected] of cases) {
    test(sentence, async () => {
      const findings = await lintIngresses(ingresses);
      const found = findings.filter(({ rule }) => rule === expected.rule);
      assert.ok(found.length > 0, `${expected.rule} is not among ${findings.map(({ rule }) => rule).join(", ")}`);
      assert.partialDeepStrictEqual(found[0], { source: "shop.yaml:1", ...expected });
    });
  }

  test("hosts outside the zones that are given", async () => {
    const findings = await lintIngresses([{}], ["example.net"]);
    assert.ok(findings.some(({ rule, kind }) => rule === "HostNotInZone" && kind === "different"));
  });
});

describe("lint leaves out", () => {
  test("a redirect where the path without the slash is there too", async () => {
    const findings = await lintIngresses([
      {
        paths: [
          ["/cart/", "Prefix"],
          ["/cart", "Exact"],
        ],
      },
    ]);
    assert.deepEqual(listRules(findings), ["full-support"]);
  });

  test("an open end that another path takes", async () => {
    const paths = ["/cart", "/cartbar", "/cart-and-more", "/cart0"].map((path) => [path, "Prefix"] as const);
    const findings = await lintIngresses([{ annotations: { [`${NGINX}use-regex`]: "true" }, paths }]);
    const open = findings.filter(({ rule }) => rule === "prefix-matches-partial-segment").map(({ field }) => field);
    assert.ok(!open.includes("spec.rules[0].http.paths[0].path"));
  });

  test("paths that do not serve, where it says what is the same", async () => {
    const findings = await lintIngresses([{ annotations: { [`${NGINX}server-snippet`]: "return 200;" } }]);
    assert.ok(!listRules(findings).includes("full-support"));
  });

  test("switched off features", async () => {
    const findings = await lintIngresses([{ annotations: { [`${NGINX}enable-modsecurity`]: "false" } }]);
    assert.deepEqual(listRules(findings), ["full-support"]);
  });
});

describe("lint reports", () => {
  const findings: Finding[] = [
    {
      rule: "RouteFailedClosed",
      object: "Ingress default/shop",
      field: `metadata.annotations[${NGINX}server-snippet]`,
      source: "a folder/shop.yaml:12",
      kind: "error",
      message: 'unsupported; <"&>\u0001',
      url: "http://shop.example.com/",
      nginx: "200",
      edgress: "503",
    },
    {
      rule: "full-support",
      object: "Ingress default/blog",
      field: "spec.rules",
      source: "b.yaml:1",
      kind: "unchanged",
      message: "1 path",
    },
  ];

  test("as a table with aligned columns, and a count", () => {
    assert.deepEqual(formatTable(findings), [
      "           object                field           source                 message",
      'error      Ingress default/shop  server-snippet  a folder/shop.yaml:12  unsupported; <"&>\u0001',
      "                                                                        http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress",
      "unchanged  Ingress default/blog  spec.rules      b.yaml:1               1 path",
      "2 objects: 1 error, 0 unsupported, 0 different, 0 note, 1 unchanged",
    ]);
  });

  test("as SARIF 2.1.0, with all that its schema requires", () => {
    const { version, runs } = buildSarif(findings);
    assert.equal(version, "2.1.0");
    const [run] = runs;
    assert.equal(run?.tool.driver.name, "edgress");
    const ids = run?.tool.driver.rules?.map(({ id }) => id);
    for (const { message, ruleId, locations } of run?.results ?? []) {
      assert.ok(message.text);
      assert.ok(ruleId && ids?.includes(ruleId));
      const region = locations?.[0]?.physicalLocation?.region;
      assert.ok(Number.isInteger(region?.startLine) && (region?.startLine ?? 0) >= 1);
    }
    const [closed, unchanged] = run?.results ?? [];
    assert.equal(closed?.level, "error");
    assert.equal(closed?.locations?.[0]?.physicalLocation?.artifactLocation?.uri, "a%20folder/shop.yaml");
    assert.equal(closed?.locations?.[0]?.physicalLocation?.region?.startLine, 12);
    // A result that is no failure has no level (section 3.27.10).
    assert.deepEqual([unchanged?.kind, unchanged?.level], ["pass", "none"]);
  });

  test("as JUnit's XML, in which only errors fail and nothing breaks out", () => {
    const xml = formatJunit(findings);
    assert.match(xml, /<testsuites tests="2" failures="1" errors="0">/);
    assert.match(xml, /<failure type="RouteFailedClosed" message="unsupported; &lt;&quot;&amp;&gt;\ufffd">/);
    assert.equal(xml.match(/<testcase /g)?.length, 2);
    assert.equal(xml.match(/<failure /g)?.length, 1);
  });

  test("the gravest first, and each once, in whatever order objects come", async () => {
    const ingresses: IngressInput[] = [
      { name: "b", annotations: { [`${NGINX}proxy-buffering`]: "on", [`${NGINX}enable-modsecurity`]: "true" } },
      { name: "a", paths: [["/cart/", "Prefix"]] },
    ];
    const kinds = (await lintIngresses(ingresses)).map(({ kind }) => FINDING_KINDS.indexOf(kind));
    assert.deepEqual(kinds, kinds.toSorted());
    assert.deepEqual(await lintIngresses(ingresses), await lintIngresses(ingresses.toReversed()));
  });

  test("a snippet's directives, each once", () => {
    const snippet = '# proxy_set_header A b;\nif ($x) { return 403; }\nadd_header "X" y;\nadd_header "Z" y;';
    assert.deepEqual(
      parseDirectives(snippet).map(({ directive }) => directive),
      ["if", "return", "add_header"],
    );
  });
});

describe("lint of every fixture", () => {
  for (const { title, cluster, options, compiled } of readFixtures()) {
    test(`answers at each URL, and has an error for each of the compiler's: ${title}`, async () => {
      const findings = await lint(cluster, { ...options, zones: ZONES });
      assert.deepEqual(
        findings.filter(({ url, edgress }) => (url === undefined) !== (edgress === undefined)),
        [],
      );
      const errors = compiled.diagnostics.filter(({ reason }) => diagnosticReasons[reason].severity === "error");
      assert.equal(findings.filter(({ kind }) => kind === "error").length, errors.length);
    });
  }
});

describe("edgress lint", () => {
  const clean = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}ssl-redirect`]: "false" } }]));
  const closing = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}server-snippet`]: "return 200;" } }]));
  const all = "--watch-ingress-without-class";

  test("ends with 0 where every route serves, and reads standard input", async () => {
    const { code, out } = await runLint(["lint", "-", all], clean);
    assert.equal(code, 0);
    assert.match(out, /1 object: 0 error/);
  });

  test("ends with 1 where a route would be closed", async () => {
    const { code, out } = await runLint(["lint", "-", all, "--json"], closing);
    assert.equal(code, 1);
    const findings = JSON.parse(out) as Finding[];
    assert.equal(findings[0]?.source, "stdin:1");
  });

  test("seals nothing, and reads passwords all the same", async () => {
    const { code, out, error } = await runLint(["lint", join(FIXTURES, "basic-auth"), all], "");
    assert.equal(error, "");
    assert.match(out, /object/);
    assert.notEqual(code, 2);
  });

  test("ends with 1 where a file cannot be parsed, and names the line", async () => {
    const { code, out } = await runLint(["lint", "-", all, "--json"], "kind: Ingress\n  spec: {");
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as Finding[])[0]?.rule, "InvalidManifest");
  });

  test("reads a folder, and names its files as they are found from here", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lint-"));
    await writeFile(join(folder, "shop.json"), closing);
    const { code, out } = await runLint(["lint", folder, all, "--sarif"], "");
    await rm(folder, { recursive: true });
    assert.equal(code, 1);
    assert.ok(out.includes(`"uri": "${folder}/shop.json"`));
  });

  for (const [sentence, given] of [
    ["a folder that is not there", ["lint", "nowhere"]],
    ["no folder", ["lint"]],
    ["two formats at once", ["lint", "-", "--json", "--junit"]],
    ["an option that there is none of", ["lint", "-", "--yaml"]],
    ["a command that there is none of", ["lnt"]],
  ] as const) {
    test(`ends with 2 and one line for ${sentence}`, async () => {
      const { code, out, error } = await runLint(given, "");
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.match(error, /^edgress: [^\n]+\n$/);
    });
  }

  test("says on standard error that Ingresses are of another class", async () => {
    const { code, error } = await runLint(["lint", "-"], clean);
    assert.equal(code, 0);
    assert.match(error, /1 of 1 Ingresses have another class/);
  });

  test("knows its version and its commands", async () => {
    assert.match((await runLint(["--version"], "")).out, /^\d+\.\d+\.\d+\n$/);
    const { code, out } = await runLint(["--help"], "");
    assert.equal(code, 0);
    for (const command of ["dev", "explain", "lint", "publish", "keys"])
      assert.match(out, new RegExp(`\\n  ${command}`));
  });
});

async function lintIngresses(ingresses: readonly IngressInput[], zones: readonly string[] = ["."]): Promise<Finding[]> {
  const found = buildIngressList(ingresses).items.map((object) => ({ object, source: "shop.yaml:1" }));
  return lint(parseCluster(found), { ...OPTIONS, zones });
}

function listRules(findings: readonly Finding[]): string[] {
  return findings.map(({ rule }) => rule);
}

/** Ingresses of shop.example.com, and the Service that they all lead to. */
function buildIngressList(ingresses: readonly IngressInput[]) {
  const ports = [...new Set([80, ...ingresses.map(({ port = 80 }) => port)])];
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "shop" },
    spec: { externalIPs: ["203.0.113.10"], ports: ports.map((port) => ({ port })) },
  };
  return { apiVersion: "v1", kind: "List", items: [service, ...ingresses.map(buildIngressFrom)] };
}

function buildIngressFrom({
  name = "shop",
  annotations = {},
  paths = [["/", "Prefix"]],
  port = 80,
  tls,
}: IngressInput) {
  const backend = { service: { name: "shop", port: { number: port } } };
  const http = { paths: paths.map(([path, pathType]) => ({ path, pathType, backend })) };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      rules: [{ host: "shop.example.com", http }],
      ...(tls !== undefined && { tls: [{ hosts: ["shop.example.com"], secretName: tls }] }),
    },
  };
}

async function runLint(given: readonly string[], input: string) {
  const child = spawn(process.execPath, [CLI, ...given]);
  child.stdin.end(input);
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, error };
}
