import { groupVersionOf, type Resource } from "./resources.ts";
import type { KubernetesObject } from "./store.ts";

type Fields = Readonly<Record<string, unknown>>;

/** `object` as `resource`'s API version writes it. Of an Ingress the backends differ. */
export function converted(object: KubernetesObject, resource: Resource): KubernetesObject {
  const apiVersion = groupVersionOf(resource);
  if (object.apiVersion === apiVersion) return object;
  if (object.kind !== "Ingress" || !isFields(object.spec)) return { ...object, apiVersion };
  return { ...object, apiVersion, spec: specOf(object.spec, resource.version === "v1") };
}

function specOf({ backend, defaultBackend, rules, ...spec }: Fields, modern: boolean): Fields {
  const own = backend ?? defaultBackend;
  return {
    ...spec,
    ...(own !== undefined && { [modern ? "defaultBackend" : "backend"]: backendOf(own, modern) }),
    ...(rules !== undefined && { rules: Array.isArray(rules) ? rules.map((rule) => ruleOf(rule, modern)) : rules }),
  };
}

function ruleOf(rule: unknown, modern: boolean): unknown {
  if (!isFields(rule) || !isFields(rule.http) || !Array.isArray(rule.http.paths)) return rule;
  const paths = rule.http.paths.map((path) =>
    isFields(path) && path.backend !== undefined ? { ...path, backend: backendOf(path.backend, modern) } : path,
  );
  return { ...rule, http: { ...rule.http, paths } };
}

function backendOf(backend: unknown, modern: boolean): unknown {
  if (!isFields(backend)) return backend;
  return modern ? modernBackend(backend) : legacyBackend(backend);
}

function modernBackend({ serviceName, servicePort, ...rest }: Fields): Fields {
  if (serviceName === undefined) return rest;
  const port = typeof servicePort === "number" ? { number: servicePort } : { name: servicePort };
  return { ...rest, service: { name: serviceName, port } };
}

function legacyBackend({ service, ...rest }: Fields): Fields {
  if (!isFields(service)) return rest;
  const port = isFields(service.port) ? (service.port.number ?? service.port.name) : undefined;
  return { ...rest, serviceName: service.name, servicePort: port };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
