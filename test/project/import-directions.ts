/** Folders of `src` and `sync` from bottom to top, and the folders that each may import. Subfolders are included. */
export const FOLDER_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  // The contract between the controller and the edge. It imports nothing else of edgress.
  "src/rules": [],

  // The edge.
  "src/env.ts": [],
  "src/match": ["src/rules"],
  "src/runtime": ["src/rules"],
  "src/rate-limiter": ["src/env.ts"],
  "src/request": ["src/rules", "src/env.ts", "src/runtime"],
  "src/filters": ["src/rules", "src/env.ts", "src/runtime", "src/rate-limiter", "src/request"],
  "src/forward": ["src/rules", "src/runtime", "src/request"],
  "src/load": ["src/rules", "src/env.ts", "src/match", "src/runtime", "src/request", "src/filters", "src/forward"],
  "src/serve.ts": ["src/rules", "src/env.ts", "src/runtime", "src/request", "src/load"],
  "src/index.ts": ["src/env.ts", "src/rate-limiter", "src/load", "src/serve.ts"],

  // Tools of the controller, without knowledge of the pipeline.
  "sync/runtime": [],
  "sync/incremental": [],
  "sync/net": ["sync/runtime"],
  "sync/cloudflare": ["sync/runtime", "sync/incremental"],
  "sync/edge": ["src/rules", "sync/runtime"], // requests to the deployed Worker
  "sync/kubernetes": ["src/rules", "sync/runtime"],
  "sync/leader-election": ["sync/runtime", "sync/kubernetes"],

  // The stages of the pipeline.
  "sync/collect": ["src/rules", "sync/runtime", "sync/incremental", "sync/kubernetes"],
  "sync/permits": ["src/rules", "sync/runtime", "sync/kubernetes", "sync/collect"], // a ConfigMap is collected
  "sync/compile": ["src/rules", "sync/runtime", "sync/incremental", "sync/collect", "sync/permits"],
  "sync/regex-check": ["src/rules", "sync/compile"], // the verdicts that compile reads
  "sync/publish": ["src/rules", "src/match", "sync/runtime", "sync/incremental", "sync/cloudflare", "sync/collect"], // stores Ingresses
  "sync/report": [
    "package.json",
    "sync/runtime",
    "sync/net",
    "sync/incremental",
    "sync/kubernetes",
    "sync/collect",
    "sync/compile",
  ],
  "sync/health-checks": ["src/rules", "sync/runtime"],
  "sync/controller": [
    "src/rules",
    "sync/runtime",
    "sync/incremental",
    "sync/kubernetes",
    "sync/leader-election",
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/regex-check",
    "sync/publish",
    "sync/health-checks",
    "sync/report",
    "sync/edge",
  ],

  // Plans of changes, as people read them.
  "sync/plan": ["src/rules", "sync/runtime", "sync/compile", "sync/publish", "sync/controller"],

  // The modules that the npm package exports.
  "sync/library": [
    "src/rules",
    "src/match",
    "src/load",
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/regex-check",
  ],

  // Commands. They run the edge's own code, so that it has no second implementation.
  "sync/explain": [
    "src/rules",
    "src/match",
    "src/request",
    "src/forward",
    "src/load",
    "sync/runtime",
    "sync/incremental",
    "sync/collect",
    "sync/compile",
  ],
  "sync/status": [
    "src/rules",
    "sync/runtime",
    "sync/kubernetes",
    "sync/leader-election",
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/publish",
    "sync/report",
    "sync/edge",
  ],
  "sync/lint": [
    "package.json",
    "src/rules",
    "src/match",
    "src/request",
    "sync/runtime",
    "sync/kubernetes", // completes manifests from a cluster
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/explain", // shows the response at a URL
  ],
  // Ingresses as Gateway API objects.
  "sync/convert": ["src/rules", "sync/collect", "sync/compile"],
  // The set-up of an account: checks, the Worker's deployment, keys, removal.
  "sync/setup": [
    "package.json",
    "src/rules",
    "sync/runtime",
    "sync/cloudflare",
    "sync/edge",
    "sync/compile",
    "sync/publish",
  ],
  "sync/local": ["src/rules", "sync/runtime", "sync/net", "sync/collect"], // starts origins and certificates for a cluster
  // The only folder that may import the local Cloudflare, with its command.
  "sync/dev": [
    "src/rules",
    "src/request",
    "sync/runtime",
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/regex-check",
    "sync/publish",
    "sync/controller",
    "sync/explain",
    "sync/local",
  ],
  "sync/commands/dev.ts": ["src/rules", "sync/runtime", "sync/collect", "sync/publish", "sync/local", "sync/dev"],
  "sync/commands": [
    "sync/cloudflare",
    "sync/commands/dev.ts",
    "package.json",
    "src/rules",
    "sync/runtime",
    "sync/kubernetes",
    "sync/leader-election",
    "sync/collect",
    "sync/permits",
    "sync/compile",
    "sync/regex-check",
    "sync/publish",
    "sync/report",
    "sync/edge",
    "sync/controller",
    "sync/plan",
    "sync/status",
    "sync/explain",
    "sync/lint",
    "sync/convert",
    "sync/setup",
  ],
  "sync/cli.ts": ["sync/runtime", "sync/commands"],
};

/** The stages of compile, in order. A stage imports earlier stages only. */
export const COMPILE_STAGES = ["select", "claims", "backends", "hosts"];

/** Imports of a later stage of compile, each with its reason. */
export const EARLY_COMPILE_IMPORTS = [
  // A permit for a path covers a regex only if every match starts with that path.
  "sync/compile/claims/enforce-permits.ts -> sync/compile/hosts/regex-policies.ts",
  "sync/compile/claims/enforce-permits.ts -> sync/compile/hosts/regex-scope.ts",
];
