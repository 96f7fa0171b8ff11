import type { PlainIngress } from "./ingress-nginx-servers.ts";

/** Paths that the regexes of the example folder match, and paths that they almost match. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "/api(/|$)(.*)": ["/api", "/api/products?page=2", "/apis"],
  "/cart(/|$)(.*)": ["/cart", "/CART/1", "/carts"],
  "/v1/orders(/|$)(.*)": ["/v1/orders", "/v1/orders/7"],
  "/payments-backoffice-reporting-service/api/v2/internal-exports(/|$)(.*)": [
    "/payments-backoffice-reporting-service/api/v2/internal-exports/2026",
  ],
  "/v[0-9]+/catalog/(.*)": ["/v2/catalog/shoes", "/vx/catalog/shoes"],
  "/v1/users(/|$)(.*)": ["/v1/users/ann"],
  "/v1/search/?(.*)": ["/v1/search", "/v1/search?q=shoes", "/v1/searching"],
  "/v1/invoices(/|$)(.*)": ["/v1/invoices/", "/v1/invoices/2026/11"],
};

/** Lists URLs of every path of the Ingresses, and of paths without a rule, with http and https. */
export function listUrls(ingresses: readonly PlainIngress[]): string[] {
  const hosts = Map.groupBy(
    ingresses.flatMap(({ spec }) =>
      spec.rules.flatMap(({ host, http }) => http.paths.map(({ path }) => ({ host, path }))),
    ),
    ({ host }) => host.replace("*", "feature-1"),
  );
  return [...hosts].flatMap(([host, entries]) => {
    const examples = entries.flatMap(({ path }) => EXAMPLES[path] ?? listPathsOf(path));
    const paths = [...new Set(["/", "/no-rule-has-this-path", ...examples])];
    return paths.flatMap((path) => ["http", "https"].map((scheme) => `${scheme}://${host}${path}`));
  });
}

/** Lists the path, the path without its final slash, and a path below it. */
function listPathsOf(path: string): string[] {
  const trimmedPath = path.replace(/\/$/, "");
  return [path, trimmedPath, `${trimmedPath}/below?q=1`].filter((candidate) => candidate !== "");
}
