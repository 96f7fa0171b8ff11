import type { Cluster, Reference } from "../collect/cluster-model.ts";
import type { CompileCache } from "../compile/compile-cache.ts";
import { compileWithLastGood, type LastGoodCompilation, type PreviousState } from "../compile/last-good.ts";
import type { Options } from "../compile/options.ts";
import type { Permits } from "../permits/model.ts";
import type { Account } from "../publish/account.ts";
import type { OriginRecordSync } from "../publish/dns/sync-records.ts";
import type { RegexChecker, SyncRegexChecks } from "../regex-check/regex-checker.ts";
import type { ManagedHosts } from "./managed-hosts.ts";

/** After this number of passes, a reference that is still new waits for the next sync. */
const MAX_COMPILE_PASSES = 5;
/** After this number of passes, a record that is newly rejected waits for the next sync. */
const MAX_RECORD_PASSES = 3;

/** The stages of one sync, except compile, which is the same for all. */
export interface Stages<Base extends CompileBase, Publication, Result> {
  /** Resolves with undefined if the cluster or the permits are not complete. Then nothing is compiled or published. */
  readonly collect: () => Promise<CollectedCluster | undefined>;
  /** Reads the state that compile and publish start from. Rejects if edgress must not publish to this account. */
  readonly readBase: () => Promise<Base>;
  /** Adds the DNS records of the rules. If a record is rejected, the cluster is compiled again without it. */
  readonly syncRecords?: (compiled: CompiledCluster, base: Base) => Promise<unknown>;
  readonly publish: (compiled: CompiledCluster, base: Base) => Promise<Publication>;
  readonly report: (compiled: CompiledCluster, publication: Publication, base: Base) => Promise<Result>;
}

/** A complete cluster, and the permits to compile it with. */
export interface CollectedCluster {
  readonly cluster: Cluster;
  readonly permits: Permits;
  /** Collects Secrets and ConfigMaps that rules reference. Resolves with undefined if the cluster has them already. */
  readonly collectReferences: (references: readonly Reference[]) => Promise<CollectedCluster | undefined>;
}

export interface CompileBase {
  readonly previousState: PreviousState;
  /** Zones of the published snapshot. A zone that is not listed now may be invisible, so its hosts stay. */
  readonly publishedZones?: readonly string[] | undefined;
}

/** A compilation, and the cluster that it was compiled from. */
export interface CompiledCluster extends LastGoodCompilation {
  readonly cluster: Cluster;
  readonly permits: Permits;
}

export interface CompileDependencies {
  readonly account: Account;
  readonly records: OriginRecordSync;
  /** The records and routes of hosts, with `--manage-hosts`. */
  readonly hosts?: ManagedHosts | undefined;
  readonly options: Omit<Options, "zones" | "tokenizeSecret" | "permits" | "regexVerdicts">;
  readonly regexChecker: RegexChecker;
  readonly cache: CompileCache;
}

/** Runs one sync and resolves with its report, or with undefined if the cluster is not complete. */
export async function runPipeline<Base extends CompileBase, Publication, Result>(
  dependencies: CompileDependencies,
  { collect, readBase, syncRecords, publish, report }: Stages<Base, Publication, Result>,
  now: Date,
): Promise<Result | undefined> {
  const collected = await collect();
  if (!collected) return undefined;
  const base = await readBase();
  const regexChecks = dependencies.regexChecker.startSync(); // one budget for the whole sync
  const compile = () => compileCollected(dependencies, collected, base, regexChecks, now);
  dependencies.records.expireRejections();
  const compiled = syncRecords
    ? await compileWithRecords(dependencies, compile, (result) => syncRecords(result, base))
    : await compile();
  dependencies.account.encryptor.retainTokens(compiled.compilation.secretTokens);
  const publication = await publish(compiled, base);
  return await report(compiled, publication, base);
}

/** Compiles and adds the DNS records, until each address of the rules has one. */
async function compileWithRecords(
  { records }: CompileDependencies,
  compile: () => Promise<CompiledCluster>,
  syncRecords: (compiled: CompiledCluster) => Promise<unknown>,
): Promise<CompiledCluster> {
  for (let pass = 1; ; pass++) {
    const rejectedRecords = records.listRejectedRecords();
    const compiled = await compile();
    await syncRecords(compiled);
    if (records.listRejectedRecords() === rejectedRecords || pass === MAX_RECORD_PASSES) return compiled;
  }
}

/**
 * Compiles a cluster. It compiles again after it collected objects that the rules reference, and after it checked their
 * regexes. Regexes beyond the budget stay refused until a later sync.
 */
async function compileCollected(
  { account, records, hosts, options, regexChecker, cache }: CompileDependencies,
  collected: CollectedCluster,
  { previousState, publishedZones = [] }: CompileBase,
  regexChecks: SyncRegexChecks,
  now: Date,
): Promise<CompiledCluster> {
  const listedZones = (await records.listZones()).map(({ name }) => name);
  const zones = [...listedZones, ...publishedZones.filter((zone) => !listedZones.includes(zone))];
  const { tokenizeSecret } = account.encryptor;
  const compileOptions = { ...options, zones, permits: collected.permits, tokenizeSecret };
  for (let [current, pass] = [collected, 1]; ; pass++) {
    const { collectReferences, permits } = current;
    const rejectedRecords = records.listRejectedRecords();
    const cluster = rejectedRecords.length === 0 ? current.cluster : { ...current.cluster, rejectedRecords };
    const passOptions = { ...compileOptions, regexVerdicts: regexChecker.verdicts() };
    const result = compileWithLastGood(cluster, previousState, passOptions, now.toISOString(), cache);
    const certificates = hosts?.listReferences(result.compilation) ?? [];
    const next = await collectReferences([...result.compilation.references, ...certificates]);
    const hasNewVerdicts = await regexChecks.check(result.compilation.regexes);
    if ((!next && !hasNewVerdicts) || pass === MAX_COMPILE_PASSES) return { ...result, cluster, permits };
    current = next ?? current;
  }
}
