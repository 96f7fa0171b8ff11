import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { flag, list } from "./annotation-types.ts";
import { defaultBackendAnnotation, resolveDefaultBackend } from "./default-backend.ts";
import { definePolicy } from "./policy.ts";

export const CustomErrorsSettings = z.strictObject({
  codes: z.array(z.int()),
  backend: z.optional(z.string()), // without one the answer is 404, as from ingress-nginx's own default backend
  service: z.string(),
  port: z.string(),
  onlyOwn: z.boolean(), // the edge's own errors, not the origin's
});

const annotations = {
  "custom-http-errors": list(
    {
      doc: "Statuses, 400 to 599, that the answer of the `default-backend` to a request for `/` replaces, whoever gave them.",
      example: "404, 503",
      support: "partial",
      difference: "The body of the request is not sent again.",
      guards: true,
    },
    parseErrorStatus,
  ),
  "disable-proxy-intercept-errors": flag({
    doc: "Leaves the origin's own statuses alone: `custom-http-errors` then only replaces those of the edge.",
    example: "true",
    default: "false",
  }),
  ...defaultBackendAnnotation,
};

/** Statuses in whose place the default backend answers. */
export const customErrors = /* @__PURE__ */ definePolicy({
  name: "customErrors",
  doc: "Replaces error responses with pages of the default backend.",
  scope: "route",
  protects: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: CustomErrorsSettings,
  annotations,
  fromAnnotations(values, context) {
    const codes = [...new Set(values["custom-http-errors"] ?? [])].toSorted((a, b) => a - b);
    if (codes.length === 0) return undefined;
    const { service, port } = context;
    // As in ingress-nginx a path without a Service has no default backend of its own.
    const backend = service === "" ? undefined : resolveDefaultBackend(values["default-backend"], context);
    const onlyOwn = values["disable-proxy-intercept-errors"] ?? false;
    if (backend === undefined && service !== "") {
      context.warn(
        "custom-http-errors",
        "there is no default backend, so the pages are the edge's 404",
        "name one in default-backend",
      );
    }
    return { codes, ...(backend !== undefined && { backend }), service, port, onlyOwn };
  },
});

function parseErrorStatus(text: string): Result<number> {
  return /^[45]\d\d$/.test(text) ? success(Number(text)) : failure(`expected 400 to 599, got "${text}"`);
}
