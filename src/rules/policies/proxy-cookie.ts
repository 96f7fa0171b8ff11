import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { type Annotation, type AnnotationRow, definePolicy } from "./policy.ts";

const Replacement = z.strictObject({ from: z.string(), to: z.string() });
type Replacement = z.infer<typeof Replacement>;

export const ProxyCookieSettings = z.strictObject({ domain: z.optional(Replacement), path: z.optional(Replacement) });

const annotations = {
  "proxy-cookie-domain": replacement(
    {
      doc: "Replace the cookie `Domain` in the first word with the second. `off` replaces nothing.",
      example: "inner.example.com shop.example.com",
      default: "off",
    },
    /^[-._~a-zA-Z0-9/:]+$/,
  ),
  "proxy-cookie-path": replacement(
    {
      doc: "Replace the beginning of the cookie `Path` in the first word with the second. `off` replaces nothing.",
      example: "/inner/ /",
      default: "off",
    },
    /^[-._~a-zA-Z0-9/:,?&=]+$/,
  ),
};

/** Replaces domain and path of the origin's cookies. */
export const proxyCookie = /* @__PURE__ */ definePolicy({
  name: "proxyCookie",
  doc: "Replaces domain and path of the origin's cookies.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: ProxyCookieSettings,
  annotations,
  fromAnnotations(values) {
    const { "proxy-cookie-domain": domain, "proxy-cookie-path": path } = values;
    return domain || path ? { ...(domain && { domain }), ...(path && { path }) } : undefined;
  },
});

/** Two words, or null for `off`. */
function replacement(row: AnnotationRow, wordPattern: RegExp): Annotation<Replacement | null> {
  return {
    ...row,
    parse: (text): Result<Replacement | null> => {
      const [from = "", to = "", ...extraWords] = text.split(/ +/);
      if (to === "" && (from === "off" || from === "")) return success(null);
      const isValid =
        extraWords.length === 0 && wordPattern.test(from) && wordPattern.test(to) && !from.startsWith("~");
      return isValid ? success({ from, to }) : failure(`expected two words without regexes, or "off", got "${text}"`);
    },
  };
}
