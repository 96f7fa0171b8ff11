import { type ApiResource, formatGroupVersion } from "./resources.ts";
import type { KubernetesObject } from "./store.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Converts an object to the API version of `resource`. Only the backends of an Ingress differ. */
export function convertToVersion(object: KubernetesObject, resource: ApiResource): KubernetesObject {
  const apiVersion = formatGroupVersion(resource);
  if (object.apiVersion === apiVersion) return object;
  if (object.kind !== "Ingress" || !isFields(object.spec)) return { ...object, apiVersion };
  return { ...object, apiVersion, spec: convertSpec(object.spec, resource.version === "v1") };
}

function convertSpec({ backend, defaultBackend, rules, ...spec }: Fields, isV1: boolean): Fields {
  const specBackend = backend ?? defaultBackend;
  return {
    ...spec,
    ...(specBackend !== undefined && { [isV1 ? "defaultBackend" : "backend"]: convertBackend(specBackend, isV1) }),
    ...(rules !== undefined && { rules: Array.isArray(rules) ? rules.map((rule) => convertRule(rule, isV1)) : rules }),
  };
}

function convertRule(rule: unknown, isV1: boolean): unknown {
  if (!isFields(rule) || !isFields(rule.http) || !Array.isArray(rule.http.paths)) return rule;
  const paths = rule.http.paths.map((path) =>
    isFields(path) && path.backend !== undefined ? { ...path, backend: convertBackend(path.backend, isV1) } : path,
  );
  return { ...rule, http: { ...rule.http, paths } };
}

function convertBackend(backend: unknown, isV1: boolean): unknown {
  if (!isFields(backend)) return backend;
  return isV1 ? buildV1Backend(backend) : buildV1beta1Backend(backend);
}

function buildV1Backend({ serviceName, servicePort, ...rest }: Fields): Fields {
  if (serviceName === undefined) return rest;
  const port = typeof servicePort === "number" ? { number: servicePort } : { name: servicePort };
  return { ...rest, service: { name: serviceName, port } };
}

function buildV1beta1Backend({ service, ...rest }: Fields): Fields {
  if (!isFields(service)) return rest;
  const port = isFields(service.port) ? (service.port.number ?? service.port.name) : undefined;
  return { ...rest, serviceName: service.name, servicePort: port };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
