import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { integer, list, text } from "./annotation-types.ts";
import type { AnnotationRow, AnnotationValues } from "./policy.ts";

/** The active check of a Service's addresses, by the controller. The edge only gets its result. */
export const HealthCheckSettings = z.strictObject({
  path: z.string(),
  host: z.optional(z.string()), // the address if undefined
  intervalS: z.int(),
  timeoutS: z.int(),
  healthyThreshold: z.int(),
  unhealthyThreshold: z.int(),
  statuses: z.array(z.tuple([z.int(), z.int()])), // ranges, both ends included
});
export type HealthCheckSettings = z.infer<typeof HealthCheckSettings>;

const DEFAULT_INTERVAL_S = 10;
const DEFAULT_TIMEOUT_S = 5;
const DEFAULT_HEALTHY_THRESHOLD = 2;
const DEFAULT_UNHEALTHY_THRESHOLD = 3;
const DEFAULT_STATUSES: [number, number][] = [[200, 399]];

export const healthCheckAnnotations = /* @__PURE__ */ createHealthCheckAnnotations();

/** Builds the settings of the health check; none without a path. */
export function buildHealthCheck(values: AnnotationValues<typeof healthCheckAnnotations>): {
  check?: HealthCheckSettings;
} {
  const path = values["health-check-path"];
  if (path === undefined) return {};
  const host = values["health-check-host"];
  return {
    check: {
      path,
      ...(host !== undefined && { host }),
      intervalS: values["health-check-interval"] ?? DEFAULT_INTERVAL_S,
      timeoutS: values["health-check-timeout"] ?? DEFAULT_TIMEOUT_S,
      healthyThreshold: values["health-check-healthy-threshold"] ?? DEFAULT_HEALTHY_THRESHOLD,
      unhealthyThreshold: values["health-check-unhealthy-threshold"] ?? DEFAULT_UNHEALTHY_THRESHOLD,
      statuses: [...(values["health-check-statuses"] ?? DEFAULT_STATUSES)],
    },
  };
}

/** Returns the health check in the settings of a route. */
export function readHealthCheck(policies: {
  readonly upstream?: { readonly check?: HealthCheckSettings | undefined } | undefined;
}): HealthCheckSettings | undefined {
  return policies.upstream?.check;
}

function parseStatusRange(input: string): Result<[number, number]> {
  const [, first = "", last = first] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(input) ?? [];
  const isValid = first !== "" && Number(first) <= Number(last);
  return isValid
    ? success([Number(first), Number(last)])
    : failure(`expected statuses such as 200 or 200-399, got "${input}"`);
}

/** A function, so that the Worker has no annotations. */
function createHealthCheckAnnotations() {
  return {
    "health-check-path": text(
      {
        doc: "Let the controller check each address of the Service with a GET of this path. The edge avoids addresses that fail.",
        example: "/healthz",
        default: "none",
      },
      /^\/[-._~a-zA-Z0-9/:,?&=%]*$/,
      'a path such as "/healthz"',
    ),
    "health-check-host": text(
      { doc: "`Host` of health checks.", example: "shop.example.com", default: "the address" },
      /^[a-zA-Z0-9][-.a-zA-Z0-9]*(?::\d+)?$/,
      "a DNS name",
    ),
    "health-check-interval": integer(
      { doc: "Seconds between two health checks of an address.", example: "30", default: `${DEFAULT_INTERVAL_S}` },
      5,
      3600,
    ),
    "health-check-timeout": integer(
      { doc: "Seconds until a health check fails.", example: "2", default: `${DEFAULT_TIMEOUT_S}` },
      1,
      60,
    ),
    "health-check-healthy-threshold": threshold({
      doc: "Passed health checks in sequence until an address is healthy.",
      example: "3",
      default: `${DEFAULT_HEALTHY_THRESHOLD}`,
    }),
    "health-check-unhealthy-threshold": threshold({
      doc: "Failed health checks in sequence until an address is unhealthy.",
      example: "2",
      default: `${DEFAULT_UNHEALTHY_THRESHOLD}`,
    }),
    "health-check-statuses": list(
      { doc: "Statuses of a passed health check: numbers and ranges.", example: "200,204,300-399", default: "200-399" },
      parseStatusRange,
    ),
  };
}

function threshold(row: AnnotationRow) {
  return integer(row, 1, 10);
}
