import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ANNOTATION_PREFIXES } from "../../sync/collect/annotation-names.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { annotationCatalog } from "../../sync/compile/select/annotation-catalog.ts";
import { parsePermits } from "../../sync/permits/parse.ts";
import { OPTIONS } from "../support/fixture.ts";
import { buildServiceManifest } from "../support/manifests.ts";

const NAMES = Object.getOwnPropertyNames(Object.prototype);
const PROTOTYPE_TEXT = /\bundefined\b|\[object |native code|\bNaN\b/;
const LISTS = ["claims", "limits", "origins", "references"];

/** Before a name of Object.prototype in a value: nothing, or a text that makes it a unit, a condition or a path. */
const PREFIXES = ["", "5", "200 5", "$", "shop/"];

function buildIngress(annotations: Readonly<Record<string, string>>, name = "web") {
  const path = { path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "shop", annotations },
    spec: { ingressClassName: "edgress", rules: [{ host: `${name}.example.com`, http: { paths: [path] } }] },
  };
}

function showValuesBeyondJson(_: string, value: unknown): unknown {
  return typeof value === "function" || Number.isNaN(value) ? String(value) : value;
}

/** Returns all that the compilation of objects writes to the edge and to users. */
function compileToText(...objects: readonly object[]): string {
  const service = { ...buildServiceManifest("web", ["203.0.113.10"]), metadata: { name: "web", namespace: "shop" } };
  const cluster = parseCluster([service, ...objects].map((object) => ({ object, source: "in.yaml:1" })));
  const { rules, diagnostics } = compile(cluster, { ...OPTIONS, zones: ["example.com"] });
  return JSON.stringify([rules, diagnostics], showValuesBeyondJson);
}

describe("A name of Object.prototype in a text of a tenant is never found in a table", () => {
  for (const [name, { row }] of annotationCatalog) {
    test(`The value of ${name} cannot be a name of Object.prototype`, () => {
      const values = [...PREFIXES, row.example].flatMap((prefix) => NAMES.map((text) => prefix + text));
      const ingresses = values.map((value, index) => buildIngress(prefixed({ [name]: value }), `web-${index}`));
      assert.doesNotMatch(compileToText(...ingresses), PROTOTYPE_TEXT);
    });
  }

  for (const name of NAMES) {
    test(`An annotation cannot be named ${name}`, () => {
      const annotations = Object.fromEntries(ANNOTATION_PREFIXES.map((prefix) => [prefix + name, "true"]));
      assert.doesNotMatch(compileToText(buildIngress(annotations)), PROTOTYPE_TEXT);
    });

    test(`A class cannot set or enforce ${name}`, () => {
      for (const data of [
        Object.fromEntries([[name, "true"]]),
        { enforced: name },
        { enforced: name, "ssl-redirect": name },
      ])
        assert.doesNotMatch(compileToText(buildIngress({}), ...buildClass(data)), PROTOTYPE_TEXT);
    });

    test(`Permits cannot have the field ${name}`, () => {
      for (const text of [
        `{"${name}": []}`,
        ...LISTS.map((list) => `{"${list}": [{"namespaces": ["${name}"], "${name}": 1}]}`),
      ]) {
        const permits = parsePermits(text);
        assert.equal(permits.ok, false, text);
        assert.doesNotMatch(JSON.stringify(permits), PROTOTYPE_TEXT);
      }
    });

    test(`A Secret or ConfigMap cannot set a value by the key ${name}`, () => {
      const data = Object.fromEntries([[name, "YW5uOnt9"]]);
      const metadata = { name: "users", namespace: "shop" };
      const objects = ["Secret", "ConfigMap"].map((kind) => ({ apiVersion: "v1", kind, metadata, data }));
      for (const annotations of SECRET_ANNOTATIONS) {
        const text = compileToText(buildIngress(prefixed(annotations)), ...objects);
        assert.doesNotMatch(text, PROTOTYPE_TEXT);
      }
    });
  }
});

const SECRET_ANNOTATIONS: readonly Readonly<Record<string, string>>[] = [
  { "auth-type": "basic", "auth-secret": "users" },
  { "auth-type": "basic", "auth-secret": "users", "auth-secret-type": "auth-map" },
  { "auth-tls-secret": "shop/users" },
  { "custom-headers": "shop/users" },
  { "auth-proxy-set-headers": "shop/users" },
];

function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
  );
}

/** Returns the IngressClass of the tests with a ConfigMap of defaults. */
function buildClass(data: Readonly<Record<string, string>>): object[] {
  const parameters = { kind: "ConfigMap", name: "defaults", namespace: "shop", scope: "Namespace" };
  return [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "edgress" },
      spec: { controller: OPTIONS.controller, parameters },
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "defaults", namespace: "shop" }, data },
  ];
}
