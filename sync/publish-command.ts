import { type Account, accountOf, type Environment } from "./account.ts";
import { expectFolder, readManifests, unparsableLine } from "./collect/manifests.ts";
import { clusterOf } from "./collect/objects.ts";
import { readPermitsFile } from "./collect/permits-source.ts";
import { inspector } from "./compile/backtracking.ts";
import { lineOf, reasons } from "./compile/diagnostic.ts";
import type { Options } from "./compile/options.ts";
import { DEFAULT_PERMITS, type Permits } from "./compile/permits.ts";
import { newerProblem } from "./publish/held.ts";
import { disown, readOwner } from "./publish/ledger.ts";
import { ownedBy } from "./publish/owner.ts";
import { round } from "./round.ts";
import { UsageError } from "./usage-error.ts";

export interface PublishOptions extends Omit<Options, "zones" | "inspect" | "seal" | "permits"> {
  readonly manifests: string;
  /** Publishes to a KV namespace that a cluster's sync job owns, which is nobody's from then on. */
  readonly takeOver: boolean;
  /** A file of permits; without it, those that hold by default. */
  readonly policy?: string | undefined;
}

/**
 * One round from a folder to an account. The exit code: 1 where an object was refused, so that CI can tell. Nothing is
 * published while a file does not parse, since what it held would be taken from the edge, or where a cluster's sync job
 * publishes, which would take it back.
 */
export async function publishCommand(
  options: PublishOptions,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const account = accountOf(environment);
  const permits = await permitsIn(options.policy);
  await expectFolder(options.manifests);
  const { files, unparsable } = await readManifests(options.manifests);
  for (const file of unparsable) print(unparsableLine(file));
  if (unparsable.length > 0) {
    print("nothing was published: every file must parse");
    return 1;
  }
  await expectNoOwner(account, options.takeOver);
  const cluster = clusterOf([...files.values()].flat());
  const given = { ...options, inspect: inspector(), permits };
  const done = await round(cluster, given, account, new Date());
  const { diagnostics, published, unneeded } = done;
  for (const diagnostic of diagnostics) print(lineOf(diagnostic));
  for (const { record } of unneeded)
    print(`note DNS record ${record.name}: no rule needs it any more; remove it in some minutes`);
  const { generation, digest, changed, writes, warnings } = published;
  for (const warning of warnings) print(`warning ${warning}`);
  print(`${changed ? "published" : "unchanged"} generation=${generation} digest=${digest} writes=${writes}`);
  return diagnostics.some(({ reason }) => reasons[reason].severity === "error") ? 1 : 0;
}

async function permitsIn(path: string | undefined): Promise<Permits> {
  if (path === undefined) return DEFAULT_PERMITS;
  const read = await readPermitsFile(path);
  if (read.ok) return read.value;
  throw new UsageError(`the permits cannot be read: ${read.problem}`);
}

async function expectNoOwner({ kv, signer }: Account, takeOver: boolean): Promise<void> {
  const newer = await newerProblem(kv, signer);
  if (newer !== undefined && !takeOver) throw new UsageError(newer);
  const owned = ownedBy(await readOwner(kv, signer), undefined);
  if (owned.ok) return;
  if (!takeOver) throw new UsageError(owned.problem);
  await disown(kv, signer);
}
