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
  EDGRESS_CONTROLLER_TOKEN: {
    required: false,
    file: true,
    secret: true,
    default: "CLOUDFLARE_API_TOKEN",
    doc: "the API token that `edgress init` writes into the controller's file; the controller needs fewer permissions than a deployment",
  },
  EDGRESS_VERIFYING_KEY: {
    required: false,
    file: true,
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
  CLOUDFLARE_ZONE_IDS: {
    required: false,
    default: "all zones that the token may read",
    doc: "ids of the zones to use, separated by commas; for a token that may not list zones",
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
  GITHUB_SHA: { required: false, doc: "the commit that a GitHub workflow runs for; named in the history" },
  CI_COMMIT_SHA: { required: false, doc: "the commit that a GitLab job runs for; named in the history" },
  GITHUB_ACTOR: { required: false, doc: "the person who started a GitHub workflow; named by a rollback" },
  GITLAB_USER_LOGIN: { required: false, doc: "the person who started a GitLab job; named by a rollback" },
  POD_NAMESPACE: {
    required: false,
    default: "the kubeconfig's namespace",
    doc: "namespace of the Lease and the controller's ConfigMaps; `--namespace` overrides it",
  },
} as const satisfies Record<string, VariableRow>;

export type VariableName = keyof typeof CONTROLLER_VARIABLES;

/** The variables that name an account, its KV namespace and the signing key. */
export const ACCOUNT_VARIABLES = [
  "CLOUDFLARE_ACCOUNT_ID",
  "CLOUDFLARE_API_TOKEN",
  "EDGRESS_KV_NAMESPACE_ID",
  "EDGRESS_SIGNING_KEY",
] as const satisfies readonly VariableName[];

/** The variables of a call of Cloudflare's API. The commands of a set-up find them in its folder too. */
const API_VARIABLES = ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"] as const satisfies readonly VariableName[];

const WORKER_VARIABLES = [
  "EDGRESS_VERIFYING_KEY",
  "EDGRESS_STATUS_TOKEN",
  "CLOUDFLARE_ZONE_IDS",
  "CLOUDFLARE_BASE_URL",
] as const satisfies readonly VariableName[];

const AUTHOR_VARIABLES = [
  "GITHUB_SHA",
  "CI_COMMIT_SHA",
  "GITHUB_ACTOR",
  "GITLAB_USER_LOGIN",
] as const satisfies readonly VariableName[];

const KUBERNETES_VARIABLES = ["KUBECONFIG", "POD_NAMESPACE"] as const satisfies readonly VariableName[];

/** The variables that each command reads, by whether it requires them. */
const VARIABLES_BY_COMMAND = {
  publish: {
    required: ACCOUNT_VARIABLES,
    optional: ["EDGRESS_ENCRYPTION_KEY", ...WORKER_VARIABLES, "GITHUB_SHA", "CI_COMMIT_SHA"],
  },
  sync: {
    required: [...ACCOUNT_VARIABLES, "EDGRESS_ENCRYPTION_KEY"],
    optional: [...WORKER_VARIABLES, ...KUBERNETES_VARIABLES, "POD_NAME"],
  },
  plan: {
    required: ACCOUNT_VARIABLES,
    optional: ["EDGRESS_ENCRYPTION_KEY", "EDGRESS_VERIFYING_KEY", "CLOUDFLARE_BASE_URL", ...KUBERNETES_VARIABLES],
  },
  history: { required: ACCOUNT_VARIABLES, optional: ["EDGRESS_VERIFYING_KEY", "CLOUDFLARE_BASE_URL"] },
  rollback: {
    required: ACCOUNT_VARIABLES,
    optional: ["EDGRESS_VERIFYING_KEY", "CLOUDFLARE_BASE_URL", ...AUTHOR_VARIABLES],
  },
  status: {
    required: [],
    optional: [...ACCOUNT_VARIABLES, "EDGRESS_ENCRYPTION_KEY", ...WORKER_VARIABLES, ...KUBERNETES_VARIABLES],
  },
  explain: {
    required: [],
    optional: [
      ...ACCOUNT_VARIABLES,
      "EDGRESS_VERIFYING_KEY",
      "CLOUDFLARE_ZONE_IDS",
      "CLOUDFLARE_BASE_URL",
      ...KUBERNETES_VARIABLES,
    ],
  },
  init: { required: API_VARIABLES, optional: ["EDGRESS_CONTROLLER_TOKEN", "CLOUDFLARE_BASE_URL"] },
  setup: { required: [], optional: [...API_VARIABLES, "CLOUDFLARE_BASE_URL"] },
  lint: { required: [], optional: ["KUBECONFIG"] },
  approve: { required: [], optional: KUBERNETES_VARIABLES },
} as const satisfies Record<
  string,
  { readonly required: readonly VariableName[]; readonly optional: readonly VariableName[] }
>;

/** Formats the environment variables of a command for its help. */
export function formatVariableHelp(command: keyof typeof VARIABLES_BY_COMMAND): string {
  const { required, optional } = VARIABLES_BY_COMMAND[command];
  const names: readonly VariableName[] = [...required, ...optional];
  const width = Math.max(...names.map((name) => name.length));
  const isRequired = new Set<VariableName>(required);
  const rows = names.map((name) => {
    const summary = CONTROLLER_VARIABLES[name].doc.replace(/; .*/, "");
    return `  ${name.padEnd(width)}  ${summary}${isRequired.has(name) ? " (required)" : ""}`;
  });
  const canBeFiles = names.some((name) => "file" in CONTROLLER_VARIABLES[name]);
  const fileHint = canBeFiles ? ["  NAME_FILE sets the path of a file with an id, key or token."] : [];
  return ["", "Environment variables:", ...rows, ...fileHint].join("\n");
}
