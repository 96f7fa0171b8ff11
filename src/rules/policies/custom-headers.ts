import * as z from "zod/mini";
import { compareText } from "../order.ts";
import { type Parsed, parsed, refused } from "../parsed.ts";
import { definePolicy, type Place } from "./define.ts";
import { text } from "./kinds.ts";

// As ingress-nginx takes them.
const NAME = /^[a-zA-Z\d_-]+$/;
const VALUE = /^[a-zA-Z\d_ :;.,\\/"'?!(){}[\]@<>=\-+*#$&`|~^%]+$/;

/** Headers from a ConfigMap, on every answer of a path. */
export const customHeaders = definePolicy({
  name: "customHeaders",
  scope: "route",
  settings: z.strictObject({ headers: z.array(z.tuple([z.string(), z.string()])) }),
  annotations: {
    "custom-headers": text(
      {
        doc: "Sets the headers that a ConfigMap of the same namespace holds on every answer; `--allowed-response-headers` must name them.",
        example: "shop/headers",
        nearness: "near",
        difference: "A ConfigMap of another namespace closes the route; ingress-nginx reads it.",
        guards: true,
      },
      /^([-._a-z0-9]+\/[-._a-z0-9]+)?$/,
      'a ConfigMap as "namespace/name"',
    ),
  },
  fromAnnotations(values, place) {
    const reference = values["custom-headers"];
    if (!reference) return undefined;
    const headers = headersOf(reference, place);
    if (headers.ok) return { headers: headers.value };
    return place.close("custom-headers", headers.problem, "correct the ConfigMap, or allow the header");
  },
});

function headersOf(reference: string, place: Place): Parsed<[string, string][]> {
  const found = place.configMap(reference);
  if (!found.ok) return found;
  const headers = Object.entries(found.value).toSorted(([a], [b]) => compareText(a, b));
  for (const [name, value] of headers) {
    if (!NAME.test(name)) return refused(`expected the name of a header, got "${name}" in ConfigMap ${reference}`);
    if (!VALUE.test(value))
      return refused(`the value of ${name} in ConfigMap ${reference} is none that a header may have`);
    if (!place.allowedResponseHeaders.includes(name.toLowerCase())) {
      return refused(`the header ${name} of ConfigMap ${reference} is not among --allowed-response-headers`);
    }
  }
  return parsed(headers);
}
