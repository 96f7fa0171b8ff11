import type { Result } from "../../src/rules/result.ts";
import type { Permits } from "../permits/model.ts";

/** What compiling is told apart from the cluster. */
export interface Options {
  /** The class that the annotation `kubernetes.io/ingress.class` must name. */
  readonly ingressClass: string;
  /** What an IngressClass of ours has in `spec.controller`. */
  readonly controller: string;
  /** Where the ConfigMap of an IngressClass's settings lies, if the class does not say; "default" without one. */
  readonly namespace?: string;
  /** Takes Ingresses that name no class. */
  readonly watchIngressWithoutClass: boolean;
  /** The domains that the account answers for. */
  readonly zones: readonly string[];
  /** The header names that `custom-headers` may set, in any case. */
  readonly allowedResponseHeaders: readonly string[];
  /** Whether an expression can be matched in bounded time; refused says why not. */
  readonly inspect: (pattern: string) => Result<true>;
  /** A token for a text that no one may read where it is published: the same text, the same token. */
  readonly tokenizeSecret: (text: string) => string;
  /** What namespaces may claim, and which addresses may be origins. */
  readonly permits: Permits;
}
