import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../sync/collect/cluster.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { clusterOf, type Found } from "../../sync/collect/objects.ts";
import { readPermits } from "../../sync/collect/permits.ts";
import { inspector } from "../../sync/compile/backtracking.ts";
import { type Compiled, compile } from "../../sync/compile/compile.ts";
import type { Options } from "../../sync/compile/options.ts";
import { EVERYTHING_PERMITTED } from "../../sync/compile/permits.ts";
import { unsealed } from "../../sync/explain/unsealed.ts";
import { type RequestLine, requestsIn } from "./requests.ts";

const FOLDER = fileURLToPath(new URL("../fixtures", import.meta.url));

/** The account's domains in every fixture. */
export const ZONES = ["example.com", "example.net"];

/** What every fixture is compiled with, unless its options.json and permits.yaml say otherwise. */
export const OPTIONS: Omit<Options, "zones"> = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: true,
  allowedResponseHeaders: [],
  inspect: inspector(),
  seal: () => "[sealed]",
  permits: EVERYTHING_PERMITTED,
};

/** A sentence about what edgress does: a cluster, and requests with the answers that they must get. */
export interface Fixture {
  readonly sentence: string;
  readonly goldenPath: string;
  readonly found: readonly Found[];
  readonly cluster: Cluster;
  readonly options: Omit<Options, "zones">;
  readonly compiled: Compiled;
  /** The text behind a token in the rules. */
  readonly open: (token: string) => Promise<string>;
  readonly requests: readonly RequestLine[];
}

export function readFixtures(): Fixture[] {
  return readdirSync(FOLDER).sort().map(readFixture);
}

function readFixture(name: string): Fixture {
  const file = (own: string) => join(FOLDER, name, own);
  const parsed = parseManifest(readFileSync(file("in.yaml"), "utf8"), "in.yaml");
  if ("unparsable" in parsed)
    throw new Error(`${name}/in.yaml:${parsed.unparsable.line}: ${parsed.unparsable.problem}`);
  const own = existsSync(file("options.json")) ? JSON.parse(readFileSync(file("options.json"), "utf8")) : {};
  const { seal, open } = unsealed();
  const permits = existsSync(file("permits.yaml")) ? permitsIn(readFileSync(file("permits.yaml"), "utf8")) : {};
  const options = { ...OPTIONS, ...own, ...permits, seal };
  const cluster = clusterOf(parsed.found);
  return {
    sentence: name.replaceAll("-", " "),
    goldenPath: file("rules.json"),
    found: parsed.found,
    cluster,
    options,
    open,
    compiled: compile(cluster, { ...options, zones: ZONES }),
    requests: requestsIn(readFileSync(file("requests.txt"), "utf8")),
  };
}

function permitsIn(text: string): Pick<Options, "permits"> {
  const permits = readPermits(text);
  if (!permits.ok) throw new Error(permits.problem);
  return { permits: permits.value };
}
