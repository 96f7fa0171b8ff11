import type * as z from "zod/mini";
import type { Result } from "../result.ts";
import type { SubrequestTarget } from "../subrequest-target.ts";

/**
 * Support compared with ingress-nginx. "full": the same. "no-op": it tunes nginx only. "partial": the same intent, with
 * a difference. "ignored": unsupported, and reported. "fail-closed": unsupported, and the route answers 503.
 */
export type SupportLevel = "full" | "no-op" | "partial" | "ignored" | "fail-closed";

/** One annotation: its documentation and its parser. */
export interface Annotation<T> extends AnnotationRow {
  readonly parse: (text: string) => Result<T>;
}

export interface AnnotationRow {
  /** One sentence for the documentation. */
  readonly doc: string;
  readonly example: string;
  /** Value that applies if the annotation is absent, or "none". For the documentation. */
  readonly default: string;
  /** "full" if undefined. */
  readonly support?: SupportLevel;
  /** Difference from ingress-nginx, in one sentence. Set if the support is "partial". */
  readonly difference?: string;
  /** Other names, read if this one is absent. */
  readonly aliases?: readonly string[];
  /** An invalid value closes the route, because the route would be unprotected or send requests elsewhere. */
  readonly guards?: boolean;
  /** The object that the annotation names. Its data becomes a part of each route. */
  readonly embeds?: "Secret" | "ConfigMap";
}

export type Annotations = Record<string, Annotation<unknown>>;

/** The values of a policy's annotations. Absent and invalid ones are undefined. */
export type AnnotationValues<A extends Annotations> = {
  readonly [K in keyof A]?: A[K] extends Annotation<infer T> ? T : never;
};

/** The result of a lookup. `remedy` is set if the lookup knows a better one than the policy. */
export type LookupResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly remedy?: string };

/** The path that a policy is compiled for, and its lookups. */
export interface PolicyContext {
  readonly namespace: string;
  readonly ingress: string;
  readonly ingressUid: string | undefined;
  readonly host: string;
  /** As written; "/" if the rule has no path. */
  readonly path: string;
  /** Whether the route serves unmatched paths of the host. Its Ingress may have other paths. */
  readonly isFallback: boolean;
  /** The Service of the path and its port as written; "" for unmatched paths without a Service. */
  readonly service: string;
  readonly port: string;
  /** Whether this Ingress or another configures a certificate for the host. */
  readonly tls: boolean;
  /** The zones of the account. */
  readonly zones: readonly string[];
  /** Patterns of the hosts that the namespace may claim as a whole; undefined if it may claim any host. */
  readonly wholeHosts: readonly string[] | undefined;
  /** Whether the annotation has the prefix from before 2018, `ingress.kubernetes.io/`. */
  readonly isLegacy: (annotation: string) => boolean;
  /** Whether the class of the Ingress enforces the annotation. */
  readonly isEnforced: (annotation: string) => boolean;
  /** Whether the annotation is set, with any value. */
  readonly isSet: (annotation: string) => boolean;
  /** Returns the decoded values of a Secret by "name" or "namespace/name". Rejects other namespaces. */
  readonly readSecret: (reference: string) => Result<Readonly<Record<string, string>>>;
  /** Returns the values of a ConfigMap, with the rules of `readSecret`. */
  readonly readConfigMap: (reference: string) => Result<Readonly<Record<string, string>>>;
  /** Adds a backend of the same namespace to the host and returns its id. The port defaults to the Service's first. */
  readonly resolveBackend: (service: string, port?: number | string) => LookupResult<string>;
  /** Adds the target of a URL in an annotation to the host. Rejects and reports forbidden targets. */
  readonly resolveTarget: (annotation: string, url: string) => LookupResult<SubrequestTarget>;
  /** Returns a token for a secret text. It is published encrypted, and only the edge can decrypt it. */
  readonly tokenizeSecret: (text: string) => string;
  /** Translates an unanchored regex to JavaScript. Rejects one that may take exponential time. */
  readonly translateRegex: (pattern: string) => Result<string>;
  /** Header names that `custom-headers` may set, in lower case. */
  readonly allowedResponseHeaders: readonly string[];
  /** Reports a problem and closes the route. */
  readonly failClosed: (annotation: string, problem: string, remedy: string) => undefined;
  /** Reports that all clients are rejected. The policy itself rejects them. */
  readonly deny: (annotation: string, problem: string, remedy: string) => undefined;
  /** Reports a problem. The route is served without the annotation. */
  readonly warn: (annotation: string, problem: string, remedy: string) => undefined;
  /** Reports a Host header that the namespace may not claim. The client's Host is sent instead. */
  readonly refuseHost: (annotation: string, host: string) => undefined;
}

/** The functions of a context that report a problem. */
export type PolicyReports = Pick<PolicyContext, "failClosed" | "deny" | "warn" | "refuseHost">;

/** The effect of a policy for a namespace that may claim only some paths of the host. */
export type PathLimitedEffect<Name extends string> =
  | { readonly effect: "applies" }
  /** Applies only if an owner of the host has a certificate, because browsers apply it to the whole host. */
  | { readonly effect: "needs-host-certificate" }
  /** A policy of the host: every annotation that is set is reported. */
  | { readonly effect: "ignored" }
  /** A policy of the host that protects the paths of the namespace; the listed annotations are reported. */
  | { readonly effect: "own-paths"; readonly reportedFor: readonly Name[] };

/** How a policy makes the path of a route a regex. */
export interface RegexPaths<Values, Settings, Name extends string> {
  /** Whether the annotations may make the path a regex. Used before settings exist. */
  readonly mayBeRegex: (values: Values, isLegacy: PolicyContext["isLegacy"]) => boolean;
  readonly isRegex: (values: Values, settings: Settings | undefined) => boolean;
  /** Whether the path stays a prefix and the rest of the URL path is kept. */
  readonly keepsPrefix: (settings: Settings | undefined) => boolean;
  /** Returns the annotation that makes the path a regex. */
  readonly findAnnotation: (settings: Settings | undefined) => Name;
}

/**
 * A policy: how annotations become settings, and all facts about it that the compiler and lint use. Every field is
 * required. The filter of the same name applies the settings to a request.
 */
export interface Policy<N extends string, S extends z.ZodMiniType, A extends Annotations> {
  readonly name: N;
  /** One sentence for the documentation. */
  readonly doc: string;
  /** Whether it belongs to a path, or to the host with all of its paths. */
  readonly scope: "host" | "route";
  /** Whether it restricts access. A broken Ingress keeps its last good rules with its current guards. */
  readonly protects: boolean;
  /** Only restricts requests, so the current version of a broken Ingress applies, and not the last good one. */
  readonly restricts: boolean;
  /** Whether it applies to an Ingress without rules, which matches every host. In ingress-nginx some do not. */
  readonly appliesToCatchAll: boolean;
  /** Whether a class may set its annotations for all of its Ingresses. */
  readonly allowedAsClassDefault: boolean;
  /** Whether lint reports that unmatched paths inherit it from the oldest Ingress of the host. */
  readonly surprisesWhenInherited: boolean;
  readonly pathLimited: PathLimitedEffect<keyof A & string>;
  readonly regexPaths: RegexPaths<AnnotationValues<A>, z.infer<S>, keyof A & string> | "never";
  /** The annotations that add names to a host. */
  readonly furtherHosts: { readonly redirect: keyof A & string; readonly aliases: keyof A & string } | "none";
  readonly settings: S;
  readonly annotations: A;
  readonly fromAnnotations: (values: AnnotationValues<A>, context: PolicyContext) => z.infer<S> | undefined;
}

/**
 * Checks that a policy has every field. Calls are marked `@__PURE__`, so that the Worker's bundle, which needs only the
 * settings' schema, does not contain the rest.
 */
export function definePolicy<const N extends string, S extends z.ZodMiniType, A extends Annotations>(
  policy: Policy<N, S, A>,
): Policy<N, S, A> {
  return policy;
}

/** Defines a policy without annotations, which the compiler sets. */
export function defineInternalPolicy<const N extends string, S extends z.ZodMiniType>({
  name,
  doc,
  settings,
}: Pick<Policy<N, S, Record<never, never>>, "name" | "doc" | "settings">): Policy<N, S, Record<never, never>> {
  return {
    name,
    doc,
    scope: "route",
    protects: false,
    restricts: false,
    appliesToCatchAll: true,
    allowedAsClassDefault: true,
    surprisesWhenInherited: true,
    pathLimited: { effect: "applies" },
    regexPaths: "never",
    furtherHosts: "none",
    settings,
    annotations: {},
    fromAnnotations: () => undefined,
  };
}
