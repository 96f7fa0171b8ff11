import * as z from "zod/mini";
import { template } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

export const AppRootSettings = z.strictObject({ path: z.string() });

const annotations = {
  "app-root": template(
    { doc: "Redirect `/` of the host to this path with 302. Variables are allowed.", example: "/app", default: "none" },
    /^(?:\/[-._~a-zA-Z0-9/:?&=+%${}]*)?$/,
    'an absolute path such as "/app"',
  ),
};

/** Redirects `/` of a host before any route is matched. */
export const appRoot = /* @__PURE__ */ definePolicy({
  name: "appRoot",
  doc: "Redirects `/` of a host to a path.",
  scope: "host",
  protects: false,
  restricts: false,
  appliesToCatchAll: false,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "ignored" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: AppRootSettings,
  annotations,
  fromAnnotations(values) {
    const path = values["app-root"];
    return path ? { path } : undefined;
  },
});
