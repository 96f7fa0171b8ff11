import * as z from "zod/mini";
import { flag } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

export const PathParametersSettings = z.strictObject({}); // present or absent

const annotations = {
  "reject-path-parameters": flag({
    doc: "Reject paths of the host that contain `;` or `%3B` with 400. Some servers drop `;x` from `/admin;x`, after another path than `/admin` was matched.",
    example: "true",
    default: "false",
    guards: true,
  }),
};

/** Rejects paths with parameters. A host is open to them if one path is, so it applies to all of them. */
export const pathParameters = /* @__PURE__ */ definePolicy({
  name: "pathParameters",
  doc: "Rejects paths of a host that contain `;`.",
  scope: "host",
  protects: true,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: false,
  pathLimited: { effect: "own-paths", reportedFor: [] },
  regexPaths: "never",
  furtherHosts: "none",
  settings: PathParametersSettings,
  annotations,
  fromAnnotations: (values) => (values["reject-path-parameters"] === true ? {} : undefined),
});
