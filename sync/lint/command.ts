import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import { type Manifests, parseManifest, readManifests, type Unparsable } from "../collect/manifests.ts";
import { clusterOf } from "../collect/objects.ts";
import { inspector } from "../compile/backtracking.ts";
import { recallNothing } from "../compile/memory.ts";
import type { Options } from "../compile/options.ts";
import { EVERYTHING_PERMITTED } from "../compile/permits.ts";
import { select } from "../compile/select.ts";
import { unsealed } from "../explain/unsealed.ts";
import { UsageError } from "../usage-error.ts";
import { type Finding, inOrder } from "./finding.ts";
import { junitOf } from "./junit.ts";
import { lint } from "./lint.ts";
import { sarifOf } from "./sarif.ts";
import { tableLines } from "./table.ts";

export const STDIN = "-";
/** What standard input is called in reports. */
const STDIN_NAME = "stdin";

export interface LintOptions extends Omit<Options, "inspect" | "seal" | "permits"> {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly junit?: boolean;
}

/** What `edgress lint` prints, and its exit code: 1 where something would close a route or cost one. */
export interface Linted {
  readonly lines: readonly string[];
  /** For whoever reads along: not part of a report. */
  readonly hint: string | undefined;
  readonly exitCode: 0 | 1;
}

/** Lints a folder of manifests, or `input` where the folder is "-". Rejects with a UsageError where it cannot be read. */
export async function lintCommand(
  folder: string,
  options: LintOptions,
  input: AsyncIterable<Buffer | string>,
): Promise<Linted> {
  const { json = false, sarif = false, junit = false } = options;
  if (Number(json) + Number(sarif) + Number(junit) > 1) {
    throw new UsageError("expected one of --json, --sarif and --junit at most");
  }
  const { files, unparsable } = await manifestsOf(folder, input);
  const cluster = clusterOf([...files.values()].flat());
  const zones = options.zones.length > 0 ? options.zones : [ROOT_ZONE];
  const { seal } = unsealed();
  const given = { ...options, zones, inspect: inspector(), seal, permits: EVERYTHING_PERMITTED };
  const found = await lint(cluster, given);
  const findings = inOrder([...unparsable.map(unparsableFinding), ...found]).map((finding) => placed(finding, folder));
  const ours = select(
    cluster,
    given,
    recallNothing(() => {}),
  );
  const others = cluster.ingresses.length - ours.length;
  return {
    lines: linesOf(findings, { json, sarif, junit }),
    hint:
      others > 0
        ? `${others} of ${cluster.ingresses.length} Ingresses are of another class (--ingress-class, --controller, --watch-ingress-without-class)`
        : undefined,
    exitCode: findings.some(({ kind }) => kind === "error") ? 1 : 0,
  };
}

function linesOf(
  findings: readonly Finding[],
  { json, sarif, junit }: { json: boolean; sarif: boolean; junit: boolean },
) {
  if (json) return [JSON.stringify(findings, null, 2)];
  if (sarif) return [JSON.stringify(sarifOf(findings), null, 2)];
  return junit ? [junitOf(findings)] : tableLines(findings);
}

async function manifestsOf(folder: string, input: AsyncIterable<Buffer | string>): Promise<Manifests> {
  if (folder === STDIN) {
    const read = parseManifest(await text(input), STDIN_NAME);
    if ("unparsable" in read) return { files: new Map(), unparsable: [read.unparsable] };
    return { files: new Map([[read.name, read.found]]), unparsable: [] };
  }
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UsageError(`cannot read the folder ${folder}; "-" reads standard input`);
  return readManifests(folder);
}

function unparsableFinding({ file, line, problem }: Unparsable): Finding {
  const found = { rule: "Unparsable", object: `File ${file}`, field: "(file)", source: `${file}:${line}` };
  return { ...found, kind: "error", message: `${problem}; correct it, nothing of it counts until then` };
}

/** Sources as they are found from where the command runs, so that code hosts find them too. */
function placed(finding: Finding, folder: string): Finding {
  return folder === STDIN ? finding : { ...finding, source: posix.join(folder, finding.source) };
}
