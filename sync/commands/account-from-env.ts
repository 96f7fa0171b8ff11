import { errorMessage } from "../../src/rules/error-message.ts";
import type { Analytics } from "../cloudflare/analytics.ts";
import { createEdgeClient, type EdgeClient } from "../edge/edge-client.ts";
import { type Account, type AccountSettings, createAccount, createAccountAnalytics } from "../publish/account.ts";
import { createSigner, createVerifier } from "../publish/sign-manifest.ts";
import { UsageError } from "../runtime/usage-error.ts";
import {
  ACCOUNT_VARIABLES,
  CONTROLLER_VARIABLES,
  type Environment,
  type VariableName,
} from "./help/environment-variables.ts";

/** Returns the values that the log redacts. */
export function listSecrets(environment: Environment): (string | undefined)[] {
  return Object.entries(CONTROLLER_VARIABLES).flatMap(([name, row]) => ("secret" in row ? [environment[name]] : []));
}

/**
 * Creates the account that the environment names. Throws a `UsageError` with all variables that are missing, those of
 * `furtherNames` included, or with the one that is invalid.
 */
export function loadAccount(
  environment: Environment,
  furtherNames: readonly VariableName[] = [],
  pace: Pick<AccountSettings, "timings" | "writeIntervalMs"> = {},
): Account {
  assertVariables(environment, [...ACCOUNT_VARIABLES, ...furtherNames]);
  return createAccount({
    accountId: environment.CLOUDFLARE_ACCOUNT_ID ?? "",
    namespaceId: environment.EDGRESS_KV_NAMESPACE_ID ?? "",
    apiToken: environment.CLOUDFLARE_API_TOKEN ?? "",
    signingKey: parseSigningKey(environment),
    verifyingKeys: readVerifyingKeys(environment),
    encryptionKey: environment.EDGRESS_ENCRYPTION_KEY,
    baseURL: environment.CLOUDFLARE_BASE_URL,
    zoneIds: readZoneIds(environment),
    ...pace,
  });
}

/** Creates the client of a dataset. Throws a `UsageError` if its name is invalid. */
export function loadAnalytics(environment: Environment, dataset: string): Analytics {
  try {
    return createAccountAnalytics(
      {
        accountId: environment.CLOUDFLARE_ACCOUNT_ID ?? "",
        apiToken: environment.CLOUDFLARE_API_TOKEN ?? "",
        baseURL: environment.CLOUDFLARE_BASE_URL,
      },
      dataset,
    );
  } catch (error) {
    throw new UsageError(`--stage-dataset: ${errorMessage(error)}`);
  }
}

function assertVariables(environment: Environment, names: readonly VariableName[]): void {
  const missingNames = names.filter((name) => !environment[name]);
  const [firstName] = missingNames;
  if (firstName === undefined) return;
  if (missingNames.length === 1)
    throw new UsageError(`the environment variable ${firstName} is not set: ${CONTROLLER_VARIABLES[firstName].doc}`);
  const remedy = "The help of the command describes them";
  throw new UsageError(`environment variables are not set: ${missingNames.join(", ")}. ${remedy}`);
}

/** Returns the variables that `--edge-url` requires. */
export function listEdgeVariables(edgeUrl: string | undefined): readonly VariableName[] {
  return edgeUrl === undefined ? [] : ["EDGRESS_STATUS_TOKEN"];
}

/** Creates the client of the Worker at `--edge-url`. Throws a `UsageError` if the URL is invalid. */
export function loadEdge(
  edgeUrl: string | undefined,
  { EDGRESS_STATUS_TOKEN: token = "" }: Environment,
): EdgeClient | undefined {
  return edgeUrl === undefined ? undefined : createEdgeClient(edgeUrl, token);
}

function parseSigningKey({ EDGRESS_SIGNING_KEY: signingKey = "" }: Environment): string {
  try {
    createSigner(signingKey);
    return signingKey;
  } catch {
    throw new UsageError("EDGRESS_SIGNING_KEY is invalid. Set a key from `edgress keys`");
  }
}

function readZoneIds({ CLOUDFLARE_ZONE_IDS: text }: Environment): readonly string[] {
  if (!text) return [];
  const ids = text.split(",").map((id) => id.trim());
  const invalidId = ids.find((id) => !/^[0-9a-f]{32}$/.test(id));
  if (invalidId === undefined) return ids;
  throw new UsageError(`CLOUDFLARE_ZONE_IDS is invalid: ${invalidId}. Set ids of 32 hexadecimal digits, with commas`);
}

function readVerifyingKeys({ EDGRESS_VERIFYING_KEY: text }: Environment): readonly string[] | undefined {
  if (!text) return undefined;
  const keys = text.split(",").map((key) => key.trim());
  try {
    createVerifier(keys);
    return keys;
  } catch {
    throw new UsageError("EDGRESS_VERIFYING_KEY is invalid. Set a key from `edgress keys`, or two with a comma");
  }
}
