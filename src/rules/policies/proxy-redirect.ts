import * as z from "zod/mini";
import { text } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";
import { relativeRedirectsAnnotation } from "./redirect.ts";

const URL_PREFIX_PATTERN = /^(?!~)[-._~a-zA-Z0-9/:,?&=]*$/;
const URL_PREFIX_FORMAT = 'a URL or its beginning such as "http://inner.example.com/", without regexes';

export const ProxyRedirectSettings = z.strictObject({ from: z.string(), to: z.string(), isRelative: z.boolean() });

const annotations = {
  "proxy-redirect-from": text(
    {
      doc: "Beginning of the origin's `Location` and `Refresh` that `proxy-redirect-to` replaces. `off` and `default` replace nothing.",
      example: "http://inner.example.com/",
      default: "off",
    },
    URL_PREFIX_PATTERN,
    URL_PREFIX_FORMAT,
  ),
  "proxy-redirect-to": text(
    { doc: "Replacement for `proxy-redirect-from`.", example: "https://shop.example.com/", default: "off" },
    URL_PREFIX_PATTERN,
    URL_PREFIX_FORMAT,
  ),
  ...relativeRedirectsAnnotation,
};

/** Replaces the beginning of redirects of the origin. */
export const proxyRedirect = /* @__PURE__ */ definePolicy({
  name: "proxyRedirect",
  doc: "Replaces the beginning of the origin's `Location` and `Refresh`.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: ProxyRedirectSettings,
  annotations,
  fromAnnotations(values) {
    const [from, to] = [values["proxy-redirect-from"] || "off", values["proxy-redirect-to"] || "off"];
    if (from === "off" || from === "default" || to === "off") return undefined;
    return { from, to, isRelative: values["relative-redirects"] ?? false };
  },
});
