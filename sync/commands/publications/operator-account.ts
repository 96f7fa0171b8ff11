import type { Account } from "../../publish/account.ts";
import { findSigningKeyProblem } from "../../publish/signing-key-check.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { loadAccount } from "../account-from-env.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";
import type { ObserveAccount } from "./observed-run.ts";

/** The account of a command that publishes stored rules again, and the environment with the content of its files. */
export interface OperatorAccount {
  readonly account: Account;
  readonly environment: Environment;
}

/** Loads the account. Rejects with a `UsageError` if the Worker would reject its signature. */
export async function loadOperatorAccount(
  environmentWithFiles: Environment,
  observe: ObserveAccount = (account) => account,
): Promise<OperatorAccount> {
  const environment = readEnvironmentFiles(environmentWithFiles);
  const account = observe(loadAccount(environment));
  const keyProblem = await findSigningKeyProblem(account);
  if (keyProblem !== undefined) throw new UsageError(keyProblem);
  return { account, environment };
}
