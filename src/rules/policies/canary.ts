import * as z from "zod/mini";
import { type AffinitySettings, keepsCanaryClients } from "./affinity.ts";
import { flag, integer, text } from "./annotation-types.ts";
import { type AnnotationValues, definePolicy, type PolicyContext } from "./policy.ts";

const DEFAULT_WEIGHT_TOTAL = 100;

const CanaryHeader = z.strictObject({
  name: z.string(),
  sends: z.discriminatedUnion("by", [
    z.strictObject({ by: z.literal("word") }), // "always", "never"
    z.strictObject({ by: z.literal("value"), value: z.string() }),
    z.strictObject({ by: z.literal("pattern"), pattern: z.string() }),
    z.strictObject({ by: z.literal("invalid-pattern") }), // an invalid pattern: the primary serves
  ]),
});

export const CanarySettings = z.strictObject({
  backend: z.string(), // of the canary, by "namespace/service:port"
  header: z.optional(CanaryHeader),
  cookie: z.optional(z.string()),
  weight: z.int(),
  total: z.int(),
  // The affinity cookie, and whether the canary keeps its clients.
  affinity: z.optional(z.strictObject({ cookie: z.string(), sticky: z.boolean() })),
});

const annotations = {
  canary: flag({
    doc: "Make this Ingress a canary of the Ingress in its namespace with the same host, path and type.",
    example: "true",
    default: "false",
    support: "partial",
    difference:
      "A canary applies to its own paths only, not to other paths of the Service. Only the `canary-*` annotations and `affinity-canary-behavior` of a canary apply.",
  }),
  "canary-by-header": text(
    {
      doc: "Header whose value `always` selects the canary, and `never` the primary.",
      example: "X-Canary",
      default: "none",
    },
    /^[-_a-zA-Z0-9]+$/,
    "a header name",
  ),
  "canary-by-header-value": text(
    { doc: "Header value that selects the canary, instead of `always`.", example: "beta", default: "none" },
    /^[-._~a-zA-Z0-9/:]+$/,
    "a value of letters, digits and - . _ ~ / :",
  ),
  "canary-by-header-pattern": text(
    {
      doc: "Regex of header values that select the canary. If it is invalid, the primary serves.",
      example: "^beta-[0-9]+$",
      default: "none",
    },
    /^[\x20-\x7e]{1,500}$/,
    "a regex",
  ),
  "canary-by-cookie": text(
    {
      doc: "Cookie whose value `always` selects the canary, and `never` the primary.",
      example: "canary",
      default: "none",
    },
    /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/,
    "a cookie name",
  ),
  "canary-weight": integer(
    { doc: "Share of the other requests for the canary, of `canary-weight-total`.", example: "10", default: "0" },
    0,
  ),
  "canary-weight-total": integer(
    {
      doc: "Total of the weights, 100 or more.",
      example: "1000",
      default: String(DEFAULT_WEIGHT_TOTAL),
    },
    0,
  ),
};

type CanaryValues = AnnotationValues<typeof annotations>;

/** Sends a share of a route's requests to another backend. Compiled for the canary, set on the primary's route. */
export const canary = /* @__PURE__ */ definePolicy({
  name: "canary",
  doc: "Forwards a share of the requests to another backend.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: false,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: CanarySettings,
  annotations,
  fromAnnotations(values, context): z.infer<typeof CanarySettings> | undefined {
    if (!values.canary) return undefined;
    const backend = context.resolveBackend(context.service, context.port);
    if (!backend.ok) return undefined; // the compiler has reported it
    const header = buildHeaderRule(values, context);
    const cookie = values["canary-by-cookie"];
    return {
      backend: backend.value,
      ...(header && { header }),
      ...(cookie !== undefined && { cookie }),
      weight: values["canary-weight"] ?? 0,
      total: Math.max(DEFAULT_WEIGHT_TOTAL, values["canary-weight-total"] ?? 0),
    };
  },
});

function buildHeaderRule(values: CanaryValues, context: PolicyContext): z.infer<typeof CanaryHeader> | undefined {
  const name = values["canary-by-header"];
  const value = values["canary-by-header-value"];
  const pattern = values["canary-by-header-pattern"];
  if (name === undefined) return undefined;
  if (value !== undefined) return { name, sends: { by: "value", value } };
  if (pattern === undefined) return { name, sends: { by: "word" } };
  return { name, sends: buildPatternRule(pattern, context) };
}

function buildPatternRule(patternText: string, context: PolicyContext): z.infer<typeof CanaryHeader>["sends"] {
  const pattern = context.translateRegex(patternText);
  if (pattern.ok) return { by: "pattern", pattern: pattern.value };
  const remedy = "correct the regex; until then requests with the header go to the primary";
  context.warn("canary-by-header-pattern", pattern.problem, remedy);
  return { by: "invalid-pattern" };
}

/** Whether annotations make an Ingress a canary. */
export function declaresCanary(values: { readonly canary: Readonly<Record<string, unknown>> }): boolean {
  return values.canary.canary === true;
}

interface CanaryHostSettings {
  readonly affinity?: AffinitySettings;
}

/** The settings of a primary route with those of its canary. `values` are the canary's. */
export function addCanary<S extends CanaryHostSettings>(
  settings: S,
  values: { readonly canary: CanaryValues; readonly affinity: Readonly<Record<string, unknown>> },
  context: PolicyContext,
): S {
  const canarySettings = canary.fromAnnotations(values.canary, context);
  if (!canarySettings) return settings;
  const { affinity } = settings;
  if (!affinity) return { ...settings, canary: canarySettings };
  const sticky = keepsCanaryClients(values);
  return {
    ...settings,
    affinity: sticky ? affinity : { ...affinity, except: canarySettings.backend },
    canary: { ...canarySettings, affinity: { cookie: affinity.cookie, sticky } },
  };
}
