import type { Account } from "../../publish/account.ts";
import { explainConflict, type OperatorAct } from "../../publish/history/rollback.ts";
import { abort, type EndedRollout, promote } from "../../publish/rollout/operate-rollout.ts";
import type { Environment } from "../help/environment-variables.ts";
import { readAuthor, readOperator } from "./author.ts";
import { loadOperatorAccount } from "./operator-account.ts";

/** Publishes the candidate of a roll-out to every client. */
export async function runPromote(environment: Environment, print: (line: string) => void): Promise<void> {
  const { generation, share } = await endRollout("promote", environment, promote);
  print(`promoted candidate generation=${generation} share=${share}`);
}

/** Publishes the active rules to every client again. */
export async function runAbort(
  { reason }: { readonly reason?: string | undefined },
  environment: Environment,
  print: (line: string) => void,
): Promise<void> {
  const end = (account: Account, act: OperatorAct) => abort(account, act, reason ?? `edgress abort by ${act.by}`);
  const { generation, share } = await endRollout("abort", environment, end);
  print(`aborted candidate generation=${generation} share=${share}`);
  print("the controller does not publish the same rules again; a change of the cluster, or `edgress resume`, does");
}

async function endRollout(
  command: "promote" | "abort",
  environmentWithFiles: Environment,
  end: (account: Account, act: OperatorAct) => Promise<EndedRollout>,
): Promise<EndedRollout> {
  const { account, environment } = await loadOperatorAccount(environmentWithFiles);
  const act = { author: readAuthor(command, environment), by: readOperator(environment), now: new Date() };
  return end(account, act).catch((error: unknown) => {
    throw explainConflict(error, `edgress ${command}`);
  });
}
