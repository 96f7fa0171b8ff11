import type * as z from "zod/mini";
import type { Parsed } from "../parsed.ts";

/** One annotation: what it means to whoever writes it, and how its text is read. */
export interface Annotation<T> extends AnnotationRow {
  readonly parse: (text: string) => Parsed<T>;
}

export interface AnnotationRow {
  /** One sentence for the documentation. */
  readonly doc: string;
  readonly example: string;
  /** A text that cannot be read closes the route, as it would protect it or send its requests elsewhere. */
  readonly guards?: boolean;
}

export type Annotations = Record<string, Annotation<unknown>>;

/** What was read of a policy's annotations; those that were absent or could not be read are missing. */
export type Values<A extends Annotations> = {
  readonly [K in keyof A]?: A[K] extends Annotation<infer T> ? T : never;
};

/** The place that a policy is compiled for: one path of one rule. */
export interface Place {
  readonly host: string;
  /** As written; "" where the rule names none. */
  readonly path: string;
  /** Whether a certificate is configured for the host, by this Ingress or another. */
  readonly tls: boolean;
  /** Whether the annotation was written under the prefix in use before 2018, `ingress.kubernetes.io/`. */
  readonly isLegacy: (annotation: string) => boolean;
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
  readonly fromAnnotations: (values: Values<A>, place: Place) => z.infer<S> | undefined;
}

export function definePolicy<const N extends string, S extends z.ZodMiniType, A extends Annotations>(
  policy: Policy<N, S, A>,
): Policy<N, S, A> {
  return policy;
}
