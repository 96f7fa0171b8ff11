import type * as z from "zod/mini";
import type { Result } from "../result.ts";
import type { SubrequestTarget } from "../subrequest-target.ts";

/**
 * How near the edge comes to what ingress-nginx does: the same; nothing to do here; the same intent by other means; or not
 * at all, which a route can do without ("ignored") or not ("fail-closed": it answers 503).
 */
export type SupportLevel = "full" | "no-op" | "partial" | "ignored" | "fail-closed";

/** One annotation: what it means to whoever writes it, and how its text is read. */
export interface Annotation<T> extends AnnotationRow {
  readonly parse: (text: string) => Result<T>;
}

export interface AnnotationRow {
  /** One sentence for the documentation. */
  readonly doc: string;
  readonly example: string;
  /** What holds where the annotation is absent, for the documentation. */
  readonly default?: string;
  /** "full" unless said. */
  readonly support?: SupportLevel;
  /** What differs from ingress-nginx, one sentence for the documentation; wanted where the support is "partial". */
  readonly difference?: string;
  /** Other names of it, which count where it is absent. */
  readonly aliases?: readonly string[];
  /** A text that cannot be read closes the route, as it would protect it or send its requests elsewhere. */
  readonly guards?: boolean;
  /** The text is nginx configuration. Lint explains it directive by directive. */
  readonly holdsDirectives?: boolean;
}

export type Annotations = Record<string, Annotation<unknown>>;

/** What was read of a policy's annotations; those that were absent or could not be read are missing. */
export type AnnotationValues<A extends Annotations> = {
  readonly [K in keyof A]?: A[K] extends Annotation<infer T> ? T : never;
};

/** The place that a policy is compiled for, one path of one rule, and what can be looked up from there. */
export interface PolicyContext {
  readonly namespace: string;
  readonly ingress: string;
  readonly host: string;
  /** As written; "/" where the rule names none. */
  readonly path: string;
  /** Whether it is for what no path of the host takes, with the policies of an Ingress that may have other paths. */
  readonly isFallback: boolean;
  /** The Service that the path leads to, and its port as written; "" for a fallback without one. */
  readonly service: string;
  readonly port: string;
  /** Whether a certificate is configured for the host, by this Ingress or another. */
  readonly tls: boolean;
  /** The domains that the account answers for. */
  readonly zones: readonly string[];
  /** Whether the annotation was written under the prefix in use before 2018, `ingress.kubernetes.io/`. */
  readonly isLegacy: (annotation: string) => boolean;
  /** The values of a Secret, decoded, by "name" or "namespace/name"; another namespace's is refused. */
  readonly readSecret: (reference: string) => Result<Readonly<Record<string, string>>>;
  /** The values of a ConfigMap, as with a Secret. */
  readonly readConfigMap: (reference: string) => Result<Readonly<Record<string, string>>>;
  /** A backend of the same namespace, made known to the host: its id. Without a port, the Service's first. */
  readonly resolveBackend: (service: string, port?: number | string) => Result<string>;
  /** Where a URL (which may hold variables) leads, made known to the host. What must not be asked is refused. */
  readonly resolveTarget: (url: string) => Result<SubrequestTarget>;
  /** A token for a text that no one may read where it is published: the edge alone can open it. */
  readonly tokenizeSecret: (text: string) => string;
  /** An expression that may be found anywhere in a text, as JavaScript has it; refused if it could take very long to match. */
  readonly translateRegex: (pattern: string) => Result<string>;
  /** The header names that `custom-headers` may set, lower case. */
  readonly allowedResponseHeaders: readonly string[];
  /** Reports, and closes the route: what the annotation asks for must not be done without. */
  readonly failClosed: (annotation: string, problem: string, remedy: string) => undefined;
  /** Reports that nobody is let in; answering so is left to the policy. */
  readonly deny: (annotation: string, problem: string, remedy: string) => undefined;
  /** Reports; the route serves without. */
  readonly warn: (annotation: string, problem: string, remedy: string) => undefined;
}

/** The effect of a policy for a namespace that may claim only some paths of the host. */
export type PathLimitedEffect<Name extends string> =
  | { readonly effect: "applies" }
  /** Only where an owner of the host has a certificate, because browsers apply it to the whole host. */
  | { readonly effect: "needs-host-certificate" }
  /** A policy of the host: every annotation that is set is reported. */
  | { readonly effect: "ignored" }
  /** A policy of the host that protects the paths of the namespace; the listed annotations are reported. */
  | { readonly effect: "own-paths"; readonly reportedFor: readonly Name[] };

/** How a policy makes the path of a route a regex. */
export interface RegexPaths<Values, Settings, Name extends string> {
  /** Whether the annotations may do so. Used before settings exist. */
  readonly mayBeRegex: (values: Values, isLegacy: PolicyContext["isLegacy"]) => boolean;
  readonly isRegex: (values: Values, settings: Settings | undefined) => boolean;
  /** Whether the path stays a prefix and the rest of the URL path is kept. */
  readonly keepsPrefix: (settings: Settings | undefined) => boolean;
  /** The annotation that does so. */
  readonly findAnnotation: (settings: Settings | undefined) => Name;
}

/**
 * A policy: how annotations become settings, and all that the compiler and lint must know of it. Every field is
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
  /** Whether it applies to an Ingress without rules, which matches every host. ingress-nginx leaves some policies out. */
  readonly appliesToCatchAll: boolean;
  /** Whether a class may set its annotations for all of its Ingresses. */
  readonly allowedAsClassDefault: boolean;
  /** Whether lint reports it where an unmatched path inherits it from the oldest Ingress of the host. */
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
