import type { Permits } from "../permits/model.ts";
import type { RegexVerdicts } from "./regex-verdict.ts";

/** The settings of a compilation that do not come from the cluster. */
export interface Options {
  /** The class that the annotation `kubernetes.io/ingress.class` must name. */
  readonly ingressClass: string;
  /** The value of `spec.controller` in our IngressClasses. */
  readonly controller: string;
  /** The value of `spec.controllerName` in our GatewayClasses; that of `controller` if absent. */
  readonly gatewayController?: string;
  /** Default namespace of the ConfigMap of an IngressClass; "default" if undefined. */
  readonly namespace?: string;
  /** Whether Ingresses without a class are selected. */
  readonly watchIngressWithoutClass: boolean;
  /** Whether a host belongs to the namespace of its oldest Ingress. */
  readonly exclusiveHosts: boolean;
  /** The domains of the Cloudflare account. */
  readonly zones: readonly string[];
  /** The header names that `custom-headers` may set, in any case. */
  readonly allowedResponseHeaders: readonly string[];
  /** The verdicts on the worst time to match each regex. A regex without a verdict is refused. */
  readonly regexVerdicts: RegexVerdicts;
  /** Returns a token that replaces a secret text in the rules. The same text always has the same token. */
  readonly tokenizeSecret: (text: string) => string;
  /** What namespaces may claim, and which addresses may be origins. */
  readonly permits: Permits;
}

/** The options that stages may read. A host looks its verdicts up in the cluster index, which the cache compares. */
export type StageOptions = Omit<Options, "regexVerdicts">;
