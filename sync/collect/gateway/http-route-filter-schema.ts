import * as z from "zod";
import { optionalField, optionalList, portNumber } from "../schema-fields.ts";
import { backendReference, hostname, limitedList, typedReference, withDefault } from "./gateway-fields.ts";
import type { HttpRouteFilter, PathModifier, RequestMirror } from "./http-route-model.ts";

const namedValue = z.object({ name: z.string().min(1).max(256), value: z.string().max(4096) });

const headerModifier = z.object({
  set: limitedList(namedValue, 16),
  add: limitedList(namedValue, 16),
  remove: limitedList(z.string(), 16),
});

const pathModifier = z
  .object({
    type: z.string(),
    replaceFullPath: optionalField(z.string().max(1024)),
    replacePrefixMatch: optionalField(z.string().max(1024)),
  })
  .transform(({ type, replaceFullPath, replacePrefixMatch }): PathModifier => {
    const value = type === "ReplaceFullPath" ? replaceFullPath : replacePrefixMatch;
    // A type of a newer API has no field that is known here.
    const needsValue = type === "ReplaceFullPath" || type === "ReplacePrefixMatch";
    const problem = needsValue && value === undefined ? `expected the field of type ${type}` : undefined;
    return { type, value: value ?? "", ...(problem !== undefined && { problem }) };
  });

const requestRedirect = z.object({
  scheme: optionalField(z.string()),
  hostname: optionalField(hostname),
  path: optionalField(pathModifier),
  port: optionalField(portNumber),
  statusCode: withDefault(z.int(), 302),
});

const urlRewrite = z.object({ hostname: optionalField(hostname), path: optionalField(pathModifier) });

const ALL_REQUESTS = { numerator: 100, denominator: 100 };

const requestMirror = z
  .object({
    backendRef: backendReference,
    percent: optionalField(z.int().min(0).max(100)),
    fraction: optionalField(z.object({ numerator: z.int().min(0), denominator: withDefault(z.int().min(1), 100) })),
  })
  .transform(({ backendRef, percent, fraction }): RequestMirror => {
    const problem = describeShareProblem(percent, fraction);
    return {
      backendRef,
      fraction: percent === undefined ? (fraction ?? ALL_REQUESTS) : { numerator: percent, denominator: 100 },
      ...(problem !== undefined && { problem }),
    };
  });

function describeShareProblem(percent: number | undefined, fraction: typeof ALL_REQUESTS | undefined) {
  if (fraction === undefined) return undefined;
  if (percent !== undefined) return "expected percent or fraction, not both";
  return fraction.numerator > fraction.denominator ? "expected a numerator up to the denominator" : undefined;
}

const cors = z.object({
  allowOrigins: limitedList(z.string().max(253), 64),
  allowMethods: limitedList(z.string(), 9),
  allowHeaders: limitedList(z.string(), 64),
  exposeHeaders: limitedList(z.string(), 64),
  allowCredentials: withDefault(z.boolean(), false),
  maxAge: withDefault(z.int().min(1), 5),
});

const MAX_INT32 = 2 ** 31 - 1;
const authHeaders = optionalList(z.string());

const externalAuth = z
  .object({
    protocol: z.string(),
    backendRef: backendReference,
    http: optionalField(
      z.object({
        path: withDefault(z.string().max(1024), ""),
        allowedHeaders: authHeaders,
        allowedResponseHeaders: authHeaders,
      }),
    ),
    forwardBody: optionalField(z.object({ maxSize: withDefault(z.int().min(0).max(MAX_INT32), 0) })),
  })
  .transform(({ protocol, backendRef, http, forwardBody }) => ({
    protocol,
    backendRef,
    pathPrefix: http?.path ?? "",
    allowedHeaders: http?.allowedHeaders ?? [],
    allowedResponseHeaders: http?.allowedResponseHeaders ?? [],
    maxBodyBytes: forwardBody?.maxSize ?? 0,
  }));

/** A filter. Only its type is required: whether the fields fit the type is checked later. */
export const httpRouteFilter = z
  .object({
    type: z.string().min(1),
    requestHeaderModifier: optionalField(headerModifier),
    responseHeaderModifier: optionalField(headerModifier),
    requestRedirect: optionalField(requestRedirect),
    urlRewrite: optionalField(urlRewrite),
    requestMirror: optionalField(requestMirror),
    cors: optionalField(cors),
    externalAuth: optionalField(externalAuth),
    extensionRef: optionalField(typedReference),
  })
  .transform(({ type, ...fields }): HttpRouteFilter => ({ type, ...omitAbsent(fields) }));

/** Fields that may be absent, but not undefined. */
type PresentFields<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function omitAbsent<T extends object>(fields: T): PresentFields<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as PresentFields<T>; // all keys are of T
}
