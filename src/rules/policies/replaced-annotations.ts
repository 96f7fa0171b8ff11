import { appRoot } from "./app-root.ts";
import { canary } from "./canary.ts";
import { fromToWww } from "./from-to-www.ts";
import { rewrite } from "./rewrite.ts";

/** Annotations that do not apply to HTTPRoutes, and what an HTTPRoute has in their place. */
export const replacedAnnotations: ReadonlyMap<string, string> = new Map([
  ...listNames(canary, "weights of backendRefs, or matches of headers"),
  ...listNames(rewrite, "a filter of type URLRewrite, or a path of type RegularExpression"),
  ...listNames(fromToWww, "spec.hostnames, or a filter of type RequestRedirect"),
  ...listNames(appRoot, "a rule for the path / of type Exact, with a filter of type RequestRedirect"),
  ["backend-protocol", "appProtocol of the Service's port"],
]);

function listNames({ annotations }: { readonly annotations: object }, replacement: string): [string, string][] {
  return Object.keys(annotations).map((name) => [name, replacement]);
}
