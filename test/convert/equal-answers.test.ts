import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { selectIngresses } from "../../sync/compile/select/ingress-class.ts";
import { convertIngresses } from "../../sync/convert/convert.ts";
import { formatConversion } from "../../sync/convert/format-conversion.ts";
import { explain } from "../../sync/explain/explain.ts";
import { buildRawObjects, FAST_OPTIONS } from "../compile/compile-objects.ts";
import { buildServiceManifest } from "../support/manifests.ts";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";
import { GATEWAY } from "./convert-objects.ts";

const NGINX = "nginx.ingress.kubernetes.io/";
const HOSTS = ["a.example.com", "b.example.com"];
const PATHS = ["/", "/cart", "/cart/list", "/files", "/Files/x"];
const SERVICES = ["one", "two", "three"];

/** Annotations with a counterpart, and some without. */
const annotations = fc
  .array(
    fc.constantFrom<readonly [string, string]>(
      ["ssl-redirect", "false"],
      ["force-ssl-redirect", "true"],
      ["rewrite-target", "/new"],
      ["use-regex", "true"],
      ["permanent-redirect", "https://www.example.com/new"],
      ["temporal-redirect", "https://www.example.com/soon"],
      ["upstream-vhost", "inner.example.com"],
      ["whitelist-source-range", "192.0.2.0/24"],
      ["denylist-source-range", "198.51.100.0/24"],
      ["server-alias", "c.example.com"],
      ["app-root", "/cart"],
      ["from-to-www-redirect", "true"],
      ["enable-cors", "true"],
      ["proxy-read-timeout", "5"],
      ["backend-protocol", "HTTPS"],
      ["limit-rps", "nonsense"],
    ),
    { maxLength: 3 },
  )
  .map((entries) => Object.fromEntries(entries.map(([name, value]) => [NGINX + name, value])));

const ingresses = fc
  .tuple(
    fc.shuffledSubarray(
      HOSTS.flatMap((host) => PATHS.map((path) => ({ host, path }))),
      { minLength: 1, maxLength: 6 },
    ),
    fc.array(
      fc.record({ annotations, tls: fc.boolean(), isExact: fc.boolean(), service: fc.constantFrom(...SERVICES) }),
      { minLength: 6, maxLength: 6 },
    ),
  )
  .map(([places, settings]) => [
    ...places.map((place, index) => buildIngress(index, place, settings[index])),
    ...places.slice(0, 1).map((place) => buildIngress(7, place, CANARY)), // of the first path
  ]);

const CANARY = {
  annotations: { [`${NGINX}canary`]: "true", [`${NGINX}canary-by-header`]: "X-Canary" },
  ...{ tls: false, isExact: false, service: "three" },
};

function buildIngress(
  index: number,
  { host, path }: { readonly host: string; readonly path: string },
  settings: Readonly<{ annotations: object; tls: boolean; isExact: boolean; service: string }> | undefined,
) {
  const { annotations: own = {}, tls = false, isExact = false, service = "one" } = settings ?? {};
  const backend = { service: { name: service, port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: `ingress-${index}`, namespace: "default", annotations: own },
    spec: {
      ...(tls && { tls: [{ hosts: [host], secretName: "cert" }] }),
      rules: [{ host, http: { paths: [{ path, pathType: isExact ? "Exact" : "Prefix", backend }] } }],
    },
  };
}

const services = SERVICES.map((name, index) => buildServiceManifest(name, [`203.0.113.${index + 1}`]));
const requests = [...HOSTS, "c.example.com", "www.a.example.com"].flatMap((host) =>
  ["http", "https"].flatMap((scheme) =>
    ["/", "/cart", "/cart/7", "/cartoon", "/CART", "/files/a.b", "/Files/x/y"].flatMap((path) =>
      ["192.0.2.1", "198.51.100.1"].map((address) => ({
        url: `${scheme}://${host}${path}`,
        method: "GET",
        headers: [
          ["CF-Connecting-IP", address],
          ["Origin", "https://shop.example.org"],
          ["X-Canary", address === "192.0.2.1" ? "always" : "never"],
        ] as const,
      })),
    ),
  ),
);

test("Converted Ingresses answer every request that a path of theirs matches as the Ingresses do", async () => {
  await fc.assert(
    fc.asyncProperty(ingresses, async (objects) => {
      const cluster = parseCluster(buildRawObjects([...objects, ...services]));
      const conversion = convertIngresses(selectIngresses(cluster, FAST_OPTIONS), cluster, GATEWAY);
      const kept = objects.filter(({ metadata }) => conversion.keptIngresses.includes(`default/${metadata.name}`));
      const routes = parseClusterYaml(formatConversion(conversion, GATEWAY, FAST_OPTIONS.controller));
      const converted = { ...parseCluster(buildRawObjects([...kept, ...services])), gateway: routes.gateway };
      const [before, after] = [compile(cluster, FAST_OPTIONS), compile(converted, FAST_OPTIONS)];
      for (const request of requests) {
        const expected = await explain(before.rules, request);
        // No path matches: the policies of the host's oldest Ingress apply, and those of an HTTPRoute do not.
        if (expected.route === undefined || expected.route.id.endsWith("#default")) continue;
        assert.deepEqual(
          summarize(await explain(after.rules, request)),
          summarize(expected),
          `${request.url} ${request.headers[0]?.[1]}`,
        );
      }
    }),
    { numRuns: 60, seed: 14 },
  );
});

/** ingress-nginx drops a final slash in a redirect to https; a RequestRedirect keeps it. */
function summarize({ status, location, origin }: Awaited<ReturnType<typeof explain>>) {
  return { status, location: location?.replace(/\/$/, ""), url: origin?.url, addresses: origin?.addresses };
}
