import * as z from "zod/mini";
import { failure, success } from "../result.ts";
import { list } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

/** Serves an Ingress although the edge does not support some of its annotations. Read by the compiler only. */
export const acceptDegraded = definePolicy({
  name: "acceptDegraded",
  doc: "Serves an Ingress without some unsupported annotations.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: false,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: z.never(),
  annotations: {
    "accept-degraded": list(
      {
        doc: "Unsupported annotations of this Ingress to ignore, instead of closing its paths.",
        example: "configuration-snippet, server-snippet",
        default: "none",
      },
      (name) =>
        /^[A-Za-z0-9._/-]+$/.test(name) ? success(name) : failure(`expected names of annotations, got "${name}"`),
    ),
  },
  fromAnnotations: () => undefined,
});

/** The annotations that an Ingress names in `accept-degraded`, as written. */
export function readAcceptedNames(values: {
  readonly acceptDegraded: Readonly<Record<string, unknown>>;
}): readonly string[] {
  return (values.acceptDegraded["accept-degraded"] ?? []) as readonly string[]; // as its row in the table reads it
}
