import * as z from "zod/mini";
import { template } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

export const AppRootSettings = z.strictObject({ path: z.string() });

const annotations = {
  "app-root": template(
    { doc: "Sends `/` of the host to this path with 302. Variables may be used.", example: "/app" },
    /^(?:\/[-._~a-zA-Z0-9/:?&=+%${}]*)?$/,
    'an absolute path such as "/app"',
  ),
};

/** Sends a request for `/` of the host elsewhere, whatever its paths say and before anything else. */
export const appRoot = /* @__PURE__ */ definePolicy({
  name: "appRoot",
  doc: "Redirects `/` of a host to a path.",
  scope: "host",
  protects: false,
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
