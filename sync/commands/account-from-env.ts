import { createEdgeClient, type EdgeClient } from "../edge/edge-client.ts";
import { type Account, createAccount } from "../publish/account.ts";
import { createSigner, createVerifier } from "../publish/sign-manifest.ts";
import { UsageError } from "../runtime/usage-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface VariableRow {
  readonly required: boolean;
  /** Whether `<NAME>_FILE` may name a file with the value. */
  readonly file?: true;
  /** Whether the log redacts the value. */
  readonly secret?: true;
  readonly default?: string;
  readonly doc: string;
}

/** Environment variables of the command line, for messages and the documentation. */
export const CONTROLLER_VARIABLES = {
  CLOUDFLARE_ACCOUNT_ID: { required: true, file: true, doc: "the account's id" },
  CLOUDFLARE_API_TOKEN: { required: true, file: true, secret: true, doc: "a token that may edit Workers KV and DNS" },
  EDGRESS_KV_NAMESPACE_ID: { required: true, file: true, doc: "the id of the KV namespace bound as RULES" },
  EDGRESS_SIGNING_KEY: { required: true, file: true, secret: true, doc: "the key that `edgress keys` printed" },
  EDGRESS_VERIFYING_KEY: {
    required: false,
    default: "the public key of EDGRESS_SIGNING_KEY",
    doc: "the Worker's variable of this name; two keys, separated by a comma, while keys are rotated. `publish` and `sync` refuse a signing key that does not belong to it",
  },
  EDGRESS_STATUS_TOKEN: {
    required: false,
    file: true,
    secret: true,
    doc: "the Worker's secret of this name, for `--edge-url`",
  },
  EDGRESS_ENCRYPTION_KEY: {
    required: false,
    file: true,
    secret: true,
    doc: "public key that secrets are encrypted with; `sync` always requires it, `publish` if an Ingress has an `auth-secret`",
  },
  CLOUDFLARE_BASE_URL: {
    required: false,
    default: "https://api.cloudflare.com/client/v4",
    doc: "URL of Cloudflare's API, or of the account that `edgress dev --account-port` starts",
  },
  KUBECONFIG: {
    required: false,
    default: "~/.kube/config",
    doc: "kubeconfig files; in a Pod the ServiceAccount is used",
  },
  POD_NAME: { required: false, default: "the host name", doc: "name in the Lease and in Events" },
  POD_NAMESPACE: {
    required: false,
    default: "the kubeconfig's namespace",
    doc: "namespace of the Lease and the controller's ConfigMaps; `--namespace` overrides it",
  },
} as const satisfies Record<string, VariableRow>;

/** Returns the values that the log redacts. */
export function listSecrets(environment: Environment): (string | undefined)[] {
  return Object.entries(CONTROLLER_VARIABLES).flatMap(([name, row]) => ("secret" in row ? [environment[name]] : []));
}

/** Creates the account that the environment names. Throws a `UsageError` with the variable that is missing or invalid. */
export function loadAccount(environment: Environment): Account {
  return createAccount({
    accountId: requireVariable(environment, "CLOUDFLARE_ACCOUNT_ID"),
    namespaceId: requireVariable(environment, "EDGRESS_KV_NAMESPACE_ID"),
    apiToken: requireVariable(environment, "CLOUDFLARE_API_TOKEN"),
    signingKey: requireSigningKey(environment),
    verifyingKeys: readVerifyingKeys(environment),
    encryptionKey: environment.EDGRESS_ENCRYPTION_KEY,
    baseURL: environment.CLOUDFLARE_BASE_URL,
  });
}

/** Creates the client of the Worker at `--edge-url`. Throws a `UsageError` without its token. */
export function loadEdge(edgeUrl: string | undefined, environment: Environment): EdgeClient | undefined {
  return edgeUrl === undefined
    ? undefined
    : createEdgeClient(edgeUrl, requireVariable(environment, "EDGRESS_STATUS_TOKEN"));
}

function requireSigningKey(environment: Environment): string {
  const signingKey = requireVariable(environment, "EDGRESS_SIGNING_KEY");
  try {
    createSigner(signingKey);
    return signingKey;
  } catch {
    throw new UsageError("EDGRESS_SIGNING_KEY is invalid. Set a key from `edgress keys`");
  }
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

function requireVariable(environment: Environment, name: keyof typeof CONTROLLER_VARIABLES): string {
  const value = environment[name];
  if (value) return value;
  throw new UsageError(`the environment variable ${name} is not set: ${CONTROLLER_VARIABLES[name].doc}`);
}
