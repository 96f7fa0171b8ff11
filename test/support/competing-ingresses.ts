import fc from "fast-check";
import { buildIngressArbitrary, formatNamespacedName, serviceArbitrary } from "./arbitraries.ts";

// Annotations with effects beyond their own path.
const CROSS_PATH_ANNOTATIONS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ["use-regex", ["true"]],
  ["rewrite-target", ["/", "/$1", "/x", "https://new.example.net/$1"]],
  ["app-root", ["/start"]],
  ["server-alias", ["a.example.com, b.example.com", "*.example.com, www.b.example.com", "own.example.net"]],
  ["from-to-www-redirect", ["true"]],
  ["server-snippet", ["return 403;"]],
  ["ssl-passthrough", ["true"]],
  ["auth-tls-secret", ["default/none", "shop/none"]],
  ["auth-url", ["http://one.default.svc/check", "https://auth.example.net"]],
  ["force-ssl-redirect", ["true"]],
  ["canary", ["true"]],
  ["canary-weight", ["50"]],
  ["default-backend", ["two"]],
];

const crossPathAnnotations = fc
  .uniqueArray(
    fc
      .constantFrom(...CROSS_PATH_ANNOTATIONS)
      .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values))),
    { selector: ([name]) => name, maxLength: 3 },
  )
  .map((entries) =>
    Object.fromEntries(entries.map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value] as const)),
  );

const OVERLAPPING_PATHS = [
  ...["/", "/foo", "/foo/", "/foo/bar", "/Foo", "/foobar", "/f%6Fo/x", "/foo(/|$)(.*)", "/foo.*", "/fo+", "/foo?/bar"],
  ...["/foo/x|/", "/(foo|admin)", "/admin", "/admin/", "/ADMIN", "/caf%C3%A9", "/.*", "/[f]oo", "/foo%2F..%2Fadmin"],
];

/** Ingresses of two namespaces that claim the same hosts and paths, and Services, each name once. */
export const competingIngresses = fc
  .tuple(
    fc.uniqueArray(
      fc
        .tuple(
          buildIngressArbitrary({
            hosts: ["a.example.com", "b.example.com", "*.example.com", "www.b.example.com", "B.example.com."],
            hostlessRules: true,
            names: ["i1", "i2", "i3", "i4"],
            paths: OVERLAPPING_PATHS,
          }),
          crossPathAnnotations,
        )
        .map(([baseIngress, extraAnnotations]) => ({
          ...baseIngress,
          metadata: { ...baseIngress.metadata, annotations: extraAnnotations },
        })),
      { selector: formatNamespacedName, minLength: 1 },
    ),
    fc.uniqueArray(serviceArbitrary, { selector: formatNamespacedName, minLength: 4 }),
  )
  .map(([ingresses, services]) => ({ ingresses, services }));
