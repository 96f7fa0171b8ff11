import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { npm } from "../support/cli/npm.ts";
import { REPOSITORY } from "../support/docs/markdown.ts";

const EXAMPLE = join(REPOSITORY, "examples/fanout");
/** What only `dev` needs, and what the bundles contain. */
const NOT_INSTALLED = ["miniflare", "workerd", "chokidar", "selfsigned", "ws", "esbuild", "commander", "undici"];

describe("the npm package", () => {
  let folder = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "edgress-package-"));
    // With TEST_CLI, dist/ is new, and other tests run it: a build would remove it for seconds.
    const flags = process.env.TEST_CLI === undefined ? [] : ["--ignore-scripts"];
    const packed = npm(REPOSITORY, "pack", "--json", "--pack-destination", folder, ...flags);
    const [, tarball = ""] = /"filename": "([^"]+)"/.exec(packed) ?? [];
    await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    // Without the versions that this repository has locked: as in any other folder.
    npm(folder, "install", join(folder, tarball), "--omit=dev", "--omit=optional", "--omit=peer", "--prefer-offline");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = (node: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: folder, encoding: "utf8", env: {} });
    return { status, stdout, stderr };
  };
  const edgress = (node: string, ...args: readonly string[]) =>
    run(node, join(folder, "node_modules/edgress/dist/cli.js"), ...args);

  test("the package brings zod and no other package", () => {
    assert.ok(existsSync(join(folder, "node_modules/zod")));
    assert.deepEqual(
      NOT_INSTALLED.filter((name) => existsSync(join(folder, "node_modules", name))),
      [],
    );
  });

  test("the package contains the thread that checks regexes", () =>
    assert.ok(existsSync(join(folder, "node_modules/edgress/dist/regex-worker.js"))));

  test("npm links the command edgress", () => {
    const linked = spawnSync(join(folder, "node_modules/.bin/edgress"), ["--version"], { encoding: "utf8" });
    assert.equal(linked.stdout, "0.1.0\n");
  });

  for (const { name, node, skip } of nodes()) {
    test(`edgress --version prints the version of the package on ${name}`, { skip }, () => {
      assert.deepEqual(edgress(node, "--version"), { status: 0, stdout: "0.1.0\n", stderr: "" });
    });

    test(`edgress --help lists the commands on ${name}`, { skip }, () => {
      const { status, stdout, stderr } = edgress(node, "--help");
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.deepEqual(
        [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, command]) => command).join(" "),
        "init check dev explain lint convert publish sync plan apply history show diff rollback resume promote abort " +
          "status approve keys uninstall completion help",
      );
    });

    test(`edgress lint reads a folder of manifests on ${name}`, { skip }, () => {
      const { status, stdout, stderr } = edgress(node, "lint", EXAMPLE, "--format", "json");
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.match(stdout, /default\/my-ingress/);
    });

    test(`edgress explain runs the filters of the edge on ${name}`, { skip }, () => {
      const options = ["--manifests", EXAMPLE, "--watch-ingress-without-class", "--json"];
      const { status, stdout, stderr } = edgress(node, "explain", "http://foo.bar.com/foo", ...options);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.match(stdout, /"default\/my-service-1:80"/);
    });

    test(`edgress keys prints two pairs of keys on ${name}`, { skip }, () => {
      const { status, stdout, stderr } = edgress(node, "keys");
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.equal(stdout.match(/^[A-Z_]+=[A-Za-z0-9+/]+=*$/gm)?.length, 4);
    });

    test(`edgress approve loads the Kubernetes client and reports a missing cluster in one line on ${name}`, {
      skip,
    }, () => {
      const { status, stdout, stderr } = edgress(node, "approve");
      assert.equal(stdout, "");
      assert.equal(status, 2);
      assert.match(stderr, /^edgress: .*KUBECONFIG.*\n$/);
    });

    test(`edgress dev reports in one line which package to install on ${name}`, { skip }, () => {
      assert.deepEqual(edgress(node, "dev", "--manifests", EXAMPLE), {
        status: 1,
        stdout: "",
        stderr: "edgress: miniflare not found: dev needs it. Install it: npm install miniflare@5.20261117.0-beta\n",
      });
    });

    test(`the example of docs/library.md prints what the document shows on ${name}`, { skip }, async () => {
      const [program = ""] = await examples("js");
      await writeFile(join(folder, "example.js"), program);
      const [stdout = ""] = await examples("text");
      assert.deepEqual(run(node, "example.js"), { status: 0, stdout, stderr: "" });
    });

    test(`the modules of the library export these names on ${name}`, { skip }, async () => {
      const program = `for (const module of ["snapshot", "match", "compile"])
        console.log(module, Object.keys(await import("edgress/" + module)).sort().join(" "));`;
      await writeFile(join(folder, "exports.js"), program);
      assert.deepEqual(run(node, "exports.js"), {
        status: 0,
        stdout: [
          "snapshot Address Backend CURRENT_KEY FORMAT HostRules Manifest PathMatch Route Shard SignedManifest findShardDigest generationKey shardKey verifyManifest verifyShard",
          "match createMatcher",
          "compile compileObjects",
          "",
        ].join("\n"),
        stderr: "",
      });
    });
  }

  test("a TypeScript program that uses the library has types, and a wrong use is a type error", async () => {
    const program = `
      import { compileObjects, type Reason } from "edgress/compile";
      import { createMatcher } from "edgress/match";
      import { Manifest, shardKey, type HostRules } from "edgress/snapshot";
      const { rules, diagnostics } = compileObjects([], { zones: ["example.com"] });
      const hosts: readonly HostRules[] = rules.hosts;
      export const id: string | undefined = createMatcher(hosts)("a.example.com", "/")?.route.id;
      export const reasons: Reason[] = diagnostics.map(({ reason }) => reason);
      export const generation: number = Manifest.parse(JSON.parse("{}")).generation;
      export const key: string = shardKey("00");
      // @ts-expect-error: there is no such option
      compileObjects([], { zone: "example.com" });
      // @ts-expect-error: a generation is a number
      export const wrong: string = Manifest.parse(JSON.parse("{}")).generation;
    `;
    await writeFile(join(folder, "consumer.ts"), program);
    const options = {
      module: "nodenext",
      target: "es2022",
      lib: ["es2022", "dom"],
      strict: true,
      noEmit: true,
      types: [],
    };
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["consumer.ts"] }),
    );
    const checked = spawnSync(join(REPOSITORY, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    assert.deepEqual({ status: checked.status, stdout: checked.stdout }, { status: 0, stdout: "" });
  });

  test("The package contains the license of every bundled package", async () => {
    const text = await readFile(join(folder, "node_modules/edgress/dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    const bundled: string[] = JSON.parse(await readFile(join(REPOSITORY, "dist/bundled-packages.json"), "utf8"));
    assert.ok(bundled.some((id) => id.startsWith("@kubernetes/client-node@")));
    const missing = bundled.filter((id) => !new RegExp(`^${id}\nLicense: [A-Z0-9(]`, "m").test(text));
    assert.deepEqual(missing, []);
  });
});

async function examples(language: string): Promise<string[]> {
  const text = await readFile(join(REPOSITORY, "docs/library.md"), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code = ""]) => code);
}

/** The Node that runs the tests, and a Node 20 if PATH has one: the oldest that `engines` allows. */
function nodes() {
  const onPath = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, "node"));
  const old = onPath.find((node) => existsSync(node) && versionOf(node).startsWith("v20."));
  return [
    { name: "the Node of the tests", node: process.execPath, skip: false },
    { name: "Node 20", node: old ?? "", skip: old === undefined && "no Node 20 on PATH" },
  ];
}

function versionOf(node: string): string {
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
}
