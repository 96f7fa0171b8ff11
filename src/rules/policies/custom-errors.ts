import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { flag, list } from "./annotation-types.ts";
import { defaultBackendAnnotation, resolveDefaultBackend } from "./default-backend.ts";
import { definePolicy } from "./policy.ts";

export const CustomErrorsSettings = z.strictObject({
  codes: z.array(z.int()),
  backend: z.optional(z.string()), // 404 if undefined, as from ingress-nginx's own default backend
  service: z.string(),
  port: z.string(),
  onlyOwn: z.boolean(), // only errors of the edge, not of the origin
});

const annotations = {
  "custom-http-errors": list(
    {
      doc: "Statuses from 400 to 599 to replace with the response of `default-backend` to a request for `/`.",
      example: "404, 503",
      default: "none",
      support: "partial",
      difference: "The default backend does not get the request's body, `Cookie` and `Authorization`.",
      guards: true,
    },
    parseErrorStatus,
  ),
  "disable-proxy-intercept-errors": flag({
    doc: "Replace only errors of the edge, not of the origin, in `custom-http-errors`.",
    example: "true",
    default: "false",
  }),
  ...defaultBackendAnnotation,
};

/** Replaces responses of some statuses with pages of the default backend. */
export const customErrors = /* @__PURE__ */ definePolicy({
  name: "customErrors",
  doc: "Replaces error responses with pages of the default backend.",
  scope: "route",
  protects: false,
  restricts: false,
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
    // A path without a Service has no default backend, as in ingress-nginx.
    const backend = service === "" ? undefined : resolveDefaultBackend(values["default-backend"], context);
    const onlyOwn = values["disable-proxy-intercept-errors"] ?? false;
    if (backend === undefined && service !== "") {
      context.warn("custom-http-errors", "default-backend is missing, so the edge answers 404", "set default-backend");
    }
    return { codes, ...(backend !== undefined && { backend }), service, port, onlyOwn };
  },
});

function parseErrorStatus(text: string): Result<number> {
  return /^[45]\d\d$/.test(text) ? success(Number(text)) : failure(`expected 400 to 599, got "${text}"`);
}
