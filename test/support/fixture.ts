import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster, type RawObject } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import type { RegexVerdict } from "../../sync/compile/regex-verdict.ts";
import { createPlaintextSealer } from "../../sync/explain/plaintext-sealer.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";
import { parsePermits } from "../../sync/permits/parse.ts";
import { createRegexLookup } from "../../sync/regex-check/regex-lookup.ts";
import { parseRequests, type RequestLine } from "./requests.ts";

const FIXTURES_FOLDER = fileURLToPath(new URL("../fixtures", import.meta.url));

/** The account's domains in every fixture. */
export const ZONES = ["example.com", "example.net"];

/** The verdict on a regex that no test is about. */
export const LINEAR: RegexVerdict = { type: "safe", maxBytes: 4096 };

/** What every fixture is compiled with, unless its options.json and permits.yaml say otherwise. */
export const OPTIONS: Omit<Options, "zones"> = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: true,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  regexVerdicts: createRegexLookup(),
  tokenizeSecret: () => "[sealed]",
  permits: ALLOW_ALL,
};

/** A sentence about what edgress does: a cluster, and requests with the answers that they must get. */
export interface Fixture {
  readonly title: string;
  readonly goldenPath: string;
  readonly objects: readonly RawObject[];
  readonly cluster: Cluster;
  readonly options: Omit<Options, "zones">;
  readonly compiled: Compilation;
  /** The text behind a token in the rules. */
  readonly open: (token: string) => Promise<string>;
  readonly requests: readonly RequestLine[];
}

export function readFixtures(): Fixture[] {
  return readdirSync(FIXTURES_FOLDER).sort().map(readFixture);
}

function readFixture(name: string): Fixture {
  const file = (fileName: string) => join(FIXTURES_FOLDER, name, fileName);
  const parsed = parseManifest(readFileSync(file("in.yaml"), "utf8"), "in.yaml");
  if ("unparsableFile" in parsed)
    throw new Error(`${name}/in.yaml:${parsed.unparsableFile.line}: ${parsed.unparsableFile.problem}`);
  const overrides = existsSync(file("options.json")) ? JSON.parse(readFileSync(file("options.json"), "utf8")) : {};
  const { tokenizeSecret, open } = createPlaintextSealer();
  const permits = existsSync(file("permits.yaml"))
    ? parsePermitsOption(readFileSync(file("permits.yaml"), "utf8"))
    : {};
  const options = { ...OPTIONS, ...overrides, ...permits, tokenizeSecret };
  const cluster = parseCluster(parsed.objects);
  return {
    title: name.replaceAll("-", " "),
    goldenPath: file("rules.json"),
    objects: parsed.objects,
    cluster,
    options,
    open,
    compiled: compile(cluster, { ...options, zones: ZONES }),
    requests: parseRequests(readFileSync(file("requests.txt"), "utf8")),
  };
}

function parsePermitsOption(text: string): Pick<Options, "permits"> {
  const permits = parsePermits(text);
  if (!permits.ok) throw new Error(permits.problem);
  return { permits: permits.value };
}
