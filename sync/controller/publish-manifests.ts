import { createCompileCache } from "../compile/compile-cache.ts";
import type { Account } from "../publish/account.ts";
import { createOriginRecordSync, type StaleRecord } from "../publish/dns/sync-records.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import type { RegexChecker } from "../regex-check/regex-checker.ts";
import type { CompileBase, CompileDependencies, Stages } from "./pipeline.ts";

export interface ManifestPublication {
  readonly publishResult: PublishResult;
  /** Records that the rules do not need. Edges may still serve older rules, so they are not removed yet. */
  readonly staleRecords: readonly StaleRecord[];
}

/** Creates the dependencies of one sync of manifests, which keeps nothing for the next. */
export function createManifestDependencies(
  account: Account,
  options: CompileDependencies["options"],
  regexChecker: RegexChecker,
  now: Date,
): CompileDependencies {
  const records = createOriginRecordSync(account.dns, () => now.getTime());
  return { account, records, options, regexChecker, cache: createCompileCache() };
}

/** Creates the stage that adds the DNS records of the rules and publishes them, without a Lease or a deletion guard. */
export function publishManifests(
  { account, records }: CompileDependencies,
  now: Date,
): Stages<CompileBase, ManifestPublication, unknown>["publish"] {
  return async ({ compilation }) => {
    const staleRecords = await records.sync(compilation.rules, () => {});
    const publishResult = await publish(compilation.rules, account.kv, account.signer, now, account.encryptor);
    return { publishResult, staleRecords };
  };
}
