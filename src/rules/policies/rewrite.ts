import * as z from "zod/mini";
import { parseTemplate } from "../nginx-variables.ts";
import { decodePath } from "../paths.ts";
import { flag, template, text } from "./annotation-types.ts";
import { type AnnotationValues, definePolicy, type PolicyContext, type RegexPaths } from "./policy.ts";

/** A regex group in a rewrite target. One digit, so `$10` is `$1` and a `0`. */
const CAPTURE_REFERENCE = /\$([1-9])/g;
// Escaped characters and classes. Their parentheses are not groups.
const ESCAPES_AND_CLASSES = /\\.|\[\^?\]?(?:[^\]\\]|\\.)*(?:\]|\\?$)/gs;
const CAPTURE_GROUP = /\((?!\?)|\(\?P?<([A-Za-z_]\w*)>/g;

const forwardedPrefix = z.optional(z.string()); // for the header X-Forwarded-Prefix; may contain variables

export const RewriteSettings = z.discriminatedUnion("type", [
  // Replaces the whole path with the target and its variables.
  z.strictObject({ type: z.literal("replace"), target: z.string(), forwardedPrefix }),
  // Replaces the matched prefix and keeps the rest: the meaning of rewrite-target before 2018.
  z.strictObject({ type: z.literal("prefix"), prefix: z.string(), target: z.string(), forwardedPrefix }),
  // The target is a URL: the client is redirected.
  z.strictObject({ type: z.literal("redirect"), target: z.string() }),
]);

const annotations = {
  "rewrite-target": text(
    {
      doc: "Replace the path. `$1` to `$9` are groups of the path, which becomes a regex, as do all paths of the host.",
      example: "/$2",
      default: "none",
      guards: true,
    },
    /^\/?[-._~a-zA-Z0-9/:$]*$/,
    'a path made of letters, digits, - . _ ~ / : and $1 to $9 such as "/$2"',
  ),
  "x-forwarded-prefix": template(
    {
      doc: "`X-Forwarded-Prefix` header for the origin if the path is rewritten. `$1` to `$9` are groups of the path.",
      example: "/shop",
      default: "none",
      guards: true,
    },
    /^\/?[-._~a-zA-Z0-9/:$]*$/,
    'a path such as "/shop"',
  ),
  "use-regex": flag({
    doc: "Read paths as regexes. All paths of the host then ignore case and match longer paths.",
    example: "true",
    default: "false",
  }),
};

const regexPaths: RegexPaths<
  AnnotationValues<typeof annotations>,
  z.infer<typeof RewriteSettings>,
  keyof typeof annotations
> = {
  mayBeRegex: (values, isLegacy) => {
    const target = values["rewrite-target"];
    return values["use-regex"] === true || (!!target && !keepsSuffix(target, isLegacy("rewrite-target")));
  },
  isRegex: (values, settings) => values["use-regex"] === true || (settings !== undefined && settings.type !== "prefix"),
  keepsPrefix: (settings) => settings?.type === "prefix",
  findAnnotation: (settings) => (settings ? "rewrite-target" : "use-regex"),
};

/** Replaces the client's path for the origin. */
export const rewrite = /* @__PURE__ */ definePolicy({
  name: "rewrite",
  doc: "Replaces the path of requests to the origin.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: false,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths,
  furtherHosts: "none",
  settings: RewriteSettings,
  annotations,
  fromAnnotations(values, context): z.infer<typeof RewriteSettings> | undefined {
    const { path, isLegacy } = context;
    const target = values["rewrite-target"];
    if (target === undefined || target === "" || target === path) return undefined;
    const numberedTarget = numberNamedGroups(target, path);
    const parsedTarget = parseTemplate(numberedTarget);
    // Named groups belong to the Ingress's own paths.
    if (!parsedTarget.ok && context.isFallback) return undefined;
    if (!parsedTarget.ok) return context.failClosed("rewrite-target", parsedTarget.problem, "correct the target");
    if (/^https?:\/\//.test(target)) return { type: "redirect", target: numberedTarget };
    const prefix = buildForwardedPrefix(values["x-forwarded-prefix"], context);
    if (keepsSuffix(target, isLegacy("rewrite-target")))
      return { type: "prefix", prefix: decodePath(path) || "/", target, ...prefix };
    return { type: "replace", target: numberedTarget, ...prefix };
  },
});

function buildForwardedPrefix(prefix: string | undefined, context: PolicyContext): { forwardedPrefix?: string } {
  if (!prefix) return {};
  if (prefix === "true" || prefix === "false") {
    context.warn(
      "x-forwarded-prefix",
      `the origin gets "${prefix}", because the value is a path since 2019`,
      "set the path",
    );
  }
  return { forwardedPrefix: prefix };
}

/** The target with its named groups as numbers: `"/$id"` for the path `"/(a|b)/(?<id>.+)"` → `"/$2"`. */
function numberNamedGroups(target: string, path: string): string {
  const groups = [...path.replace(ESCAPES_AND_CLASSES, "").matchAll(CAPTURE_GROUP)].slice(0, 9);
  const numbers = new Map(groups.map(([, name], index) => [name?.toLowerCase(), `$${index + 1}`]));
  return target.replace(/\$([A-Za-z_]\w*)/g, (match, name: string) => numbers.get(name.toLowerCase()) ?? match);
}

/** Whether a target without groups replaces only the matched prefix, as it did before 2018. */
function keepsSuffix(target: string, isLegacyAnnotation: boolean): boolean {
  return isLegacyAnnotation && target.search(CAPTURE_REFERENCE) < 0;
}

/** The target that replaces every path of a route with one path, because it has no groups. */
export function findFixedTarget({
  rewrite: settings,
}: {
  readonly rewrite?: z.infer<typeof RewriteSettings>;
}): string | undefined {
  return settings?.type === "replace" && settings.target.search(CAPTURE_REFERENCE) < 0 ? settings.target : undefined;
}
