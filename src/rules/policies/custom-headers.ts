import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { failure, type Result, success } from "../result.ts";
import { text } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";
import { listSnippetHeaders } from "./snippet.ts";
import { configurationSnippet } from "./snippet-annotations.ts";

// The rules of ingress-nginx.
const HEADER_NAME = /^[a-zA-Z\d_-]+$/;
const HEADER_VALUE = /^[a-zA-Z\d_ :;.,\\/"'?!(){}[\]@<>=\-+*#$&`|~^%]+$/;

export const CustomHeadersSettings = z.strictObject({ headers: z.array(z.tuple([z.string(), z.string()])) });

const annotations = {
  "custom-headers": text(
    {
      doc: "Set response headers from a ConfigMap of the same namespace. `--allowed-response-headers` must contain their names.",
      example: "shop/headers",
      default: "none",
      embeds: "ConfigMap",
      support: "partial",
      difference: "A ConfigMap of another namespace closes the route.",
      guards: true,
    },
    /^([-._a-z0-9]+\/[-._a-z0-9]+)?$/,
    'a ConfigMap as "namespace/name"',
  ),
  "configuration-snippet": configurationSnippet,
};

/** Sets headers from a ConfigMap, and from `more_set_headers` in a snippet, on every response of a path. */
export const customHeaders = /* @__PURE__ */ definePolicy({
  name: "customHeaders",
  doc: "Sets response headers from a ConfigMap or a snippet.",
  scope: "route",
  protects: false,
  restricts: false,
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
    const headers = reference ? readCustomHeaders(reference, context) : success([]);
    if (!headers.ok) return context.failClosed("custom-headers", headers.problem, CONFIG_MAP_REMEDY);
    // As in ingress-nginx, the snippet overrides the ConfigMap.
    const snippetHeaders = listSnippetHeaders(values["configuration-snippet"], context);
    const allHeaders = [...headers.value, ...snippetHeaders.map(([name, value]): [string, string] => [name, value])];
    return allHeaders.length === 0 && !reference ? undefined : { headers: allHeaders };
  },
});

const CONFIG_MAP_REMEDY = "correct the ConfigMap, or add the header to --allowed-response-headers";

function readCustomHeaders(reference: string, context: PolicyContext): Result<[string, string][]> {
  const configMap = context.readConfigMap(reference);
  if (!configMap.ok) return configMap;
  const headers = Object.entries(configMap.value).toSorted(([a], [b]) => compareText(a, b));
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name)) return failure(`expected a header name, got "${name}" in ConfigMap ${reference}`);
    if (!HEADER_VALUE.test(value)) return failure(`invalid header value: ${name} in ConfigMap ${reference}`);
    if (!context.allowedResponseHeaders.includes(name.toLowerCase())) {
      return failure(`header not allowed by --allowed-response-headers: ${name} in ConfigMap ${reference}`);
    }
  }
  return success(headers);
}
