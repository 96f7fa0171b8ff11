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
  /** The same where it is not a value that can be written: "the client's". */
  readonly defaultText?: string;
  /** "full" unless said. */
  readonly support?: SupportLevel;
  /** What differs from ingress-nginx, one sentence for the documentation; wanted where the support is "partial". */
  readonly difference?: string;
  /** Other names of it, which count where it is absent. */
  readonly aliases?: readonly string[];
  /** A text that cannot be read closes the route, as it would protect it or send its requests elsewhere. */
  readonly guards?: boolean;
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

/**
 * A policy: how annotations become settings. What the settings do to a request is the filter of the same name.
 * The scope says whether it belongs to a path, or to the host whatever the path.
 */
export interface Policy<N extends string, S extends z.ZodMiniType, A extends Annotations> {
  readonly name: N;
  readonly scope: "host" | "route";
  readonly settings: S;
  readonly annotations: A;
  readonly fromAnnotations: (values: AnnotationValues<A>, context: PolicyContext) => z.infer<S> | undefined;
}

export function definePolicy<const N extends string, S extends z.ZodMiniType, A extends Annotations>(
  policy: Policy<N, S, A>,
): Policy<N, S, A> {
  return policy;
}
