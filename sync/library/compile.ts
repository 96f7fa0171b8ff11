import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import type { Rules } from "../../src/rules/snapshot.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { compile } from "../compile/compile.ts";
import { diagnosticReasons, type Severity } from "../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { DEFAULT_PERMITS } from "../permits/model.ts";
import { createRegexLookup } from "../regex-check/regex-lookup.ts";

export type { Reason, Severity } from "../compile/diagnostic-reasons.ts";
export type { Diagnostic } from "../compile/diagnostics.ts";

/** Options of `compileObjects`; their defaults are those of the `edgress` command. */
export interface CompileObjectsOptions {
  /** The domains of the Cloudflare account. Default: every domain. */
  readonly zones?: readonly string[];
  /** The class in the annotation `kubernetes.io/ingress.class`. Default: edgress. */
  readonly ingressClass?: string;
  /** The `spec.controller` of IngressClasses. Default: edgress.dev/ingress-controller. */
  readonly controller?: string;
  /** Compiles Ingresses without a class too. Default: false. */
  readonly watchIngressWithoutClass?: boolean;
  /** Gives each host to the namespace of its oldest Ingress. Default: false. */
  readonly exclusiveHosts?: boolean;
  /** Headers that `custom-headers` may set. Default: none. */
  readonly allowedResponseHeaders?: readonly string[];
  /** Encrypts a secret text, or returns a token for it. Default: an error, since rules must not contain secrets. */
  readonly encrypt?: (text: string) => string;
}

/** Rules and diagnostics of a list of Kubernetes objects. */
export interface CompiledObjects {
  readonly rules: Rules;
  readonly diagnostics: readonly (Diagnostic & { readonly severity: Severity })[];
}

/**
 * Compiles Kubernetes objects, as YAML or JSON parsers return them, into rules. Objects of other kinds are ignored. An
 * invalid object is left out and reported.
 */
export function compileObjects(objects: readonly unknown[], options: CompileObjectsOptions = {}): CompiledObjects {
  const cluster = parseCluster(objects.map((object, index) => ({ object, source: `object ${index + 1}` })));
  const { rules, diagnostics } = compile(cluster, {
    ingressClass: options.ingressClass ?? "edgress",
    controller: options.controller ?? "edgress.dev/ingress-controller",
    watchIngressWithoutClass: options.watchIngressWithoutClass ?? false,
    exclusiveHosts: options.exclusiveHosts ?? false,
    zones: options.zones ?? [ROOT_ZONE],
    allowedResponseHeaders: options.allowedResponseHeaders ?? [],
    regexVerdicts: createRegexLookup(),
    tokenizeSecret: options.encrypt ?? noEncryption,
    permits: DEFAULT_PERMITS,
  });
  return {
    rules,
    diagnostics: diagnostics.map((diagnostic) => ({
      ...diagnostic,
      severity: diagnosticReasons[diagnostic.reason].severity,
    })),
  };
}

function noEncryption(): never {
  throw new Error("encrypt missing: an Ingress refers to a Secret. Set the option `encrypt`");
}
