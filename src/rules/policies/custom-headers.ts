import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { failure, type Result, success } from "../result.ts";
import { text } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

// As ingress-nginx takes them.
const HEADER_NAME = /^[a-zA-Z\d_-]+$/;
const HEADER_VALUE = /^[a-zA-Z\d_ :;.,\\/"'?!(){}[\]@<>=\-+*#$&`|~^%]+$/;

export const CustomHeadersSettings = z.strictObject({ headers: z.array(z.tuple([z.string(), z.string()])) });

const annotations = {
  "custom-headers": text(
    {
      doc: "Sets the headers that a ConfigMap of the same namespace holds on every answer; `--allowed-response-headers` must name them.",
      example: "shop/headers",
      support: "partial",
      difference: "A ConfigMap of another namespace closes the route; ingress-nginx reads it.",
      guards: true,
    },
    /^([-._a-z0-9]+\/[-._a-z0-9]+)?$/,
    'a ConfigMap as "namespace/name"',
  ),
};

/** Headers from a ConfigMap, on every answer of a path. */
export const customHeaders = /* @__PURE__ */ definePolicy({
  name: "customHeaders",
  doc: "Sets response headers from a ConfigMap.",
  scope: "route",
  protects: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: CustomHeadersSettings,
  annotations,
  fromAnnotations(values, context) {
    const reference = values["custom-headers"];
    if (!reference) return undefined;
    const headers = readCustomHeaders(reference, context);
    if (headers.ok) return { headers: headers.value };
    return context.failClosed("custom-headers", headers.problem, "correct the ConfigMap, or allow the header");
  },
});

function readCustomHeaders(reference: string, context: PolicyContext): Result<[string, string][]> {
  const configMap = context.readConfigMap(reference);
  if (!configMap.ok) return configMap;
  const headers = Object.entries(configMap.value).toSorted(([a], [b]) => compareText(a, b));
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name))
      return failure(`expected the name of a header, got "${name}" in ConfigMap ${reference}`);
    if (!HEADER_VALUE.test(value))
      return failure(`the value of ${name} in ConfigMap ${reference} is none that a header may have`);
    if (!context.allowedResponseHeaders.includes(name.toLowerCase())) {
      return failure(`the header ${name} of ConfigMap ${reference} is not among --allowed-response-headers`);
    }
  }
  return success(headers);
}
