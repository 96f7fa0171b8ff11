import * as z from "zod/mini";
import { decodePath } from "../paths.ts";
import { definePolicy } from "./define.ts";
import { flag, text } from "./kinds.ts";

/** A group of the path's expression in a rewrite target: one digit, so `$10` is `$1` and a `0`. */
export const CAPTURE = /\$([1-9])/g;

const Rewrite = z.discriminatedUnion("type", [
  // The whole path becomes the target, with $1 to $9 filled in from the path's expression.
  z.strictObject({ type: z.literal("replace"), target: z.string() }),
  // The prefix that matched becomes the target and the rest is kept: what rewrite-target meant before 2018.
  z.strictObject({ type: z.literal("prefix"), prefix: z.string(), target: z.string() }),
  // The target is a URL: the client is sent there.
  z.strictObject({ type: z.literal("redirect"), target: z.string() }),
]);

const annotations = {
  "rewrite-target": text(
    {
      doc: "Replaces the path: `$1` to `$9` are groups of the path, which becomes an expression, as do all paths of its host.",
      example: "/$2",
      guards: true,
    },
    /^\/?[-._~a-zA-Z0-9/:$]*$/,
    'a path made of letters, digits, - . _ ~ / : and $1 to $9 such as "/$2"',
  ),
  "use-regex": flag({
    doc: "Reads the paths of this Ingress as expressions; every path of the host is then one, without case and open-ended.",
    example: "true",
  }),
};

/** What the origin is asked for in place of the client's path. */
export const rewrite = definePolicy({
  name: "rewrite",
  scope: "route",
  settings: Rewrite,
  annotations,
  fromAnnotations(values, { path, isLegacy }): z.infer<typeof Rewrite> | undefined {
    const target = values["rewrite-target"];
    if (target === undefined || target === "" || target === path) return undefined;
    if (/^https?:\/\//.test(target)) return { type: "redirect", target };
    if (keepsRest(target, isLegacy("rewrite-target")))
      return { type: "prefix", prefix: decodePath(path) || "/", target };
    return { type: "replace", target };
  },
});

/** Under the prefix in use before 2018 a target without groups replaced just the part of the path that matched. */
export function keepsRest(target: string, legacy: boolean): boolean {
  return legacy && target.search(CAPTURE) < 0;
}
