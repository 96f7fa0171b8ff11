import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { type Annotation, type AnnotationRow, definePolicy } from "./policy.ts";

const BYTES_PER_UNIT: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

export const BodySizeSettings = z.strictObject({ most: z.int().check(z.gte(1)) }); // bytes

const annotations = {
  "proxy-body-size": size({
    doc: "Reject larger request bodies with 413. `0` means no limit.",
    example: "8m",
    default: "none",
    support: "partial",
    difference: "The default is not 1m. The limit of the zone's Cloudflare plan (100 MB or more) always applies.",
  }),
};

/** Limits the size of request bodies. */
export const bodySize = /* @__PURE__ */ definePolicy({
  name: "bodySize",
  doc: "Limits the size of request bodies.",
  scope: "route",
  protects: false,
  restricts: true,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: BodySizeSettings,
  annotations,
  fromAnnotations(values) {
    const most = values["proxy-body-size"];
    return most ? { most } : undefined;
  },
});

/** A size as nginx writes it, in bytes: `1000`, `8k`, `8M`, `1g`. */
function size(row: AnnotationRow): Annotation<number> {
  return { ...row, parse: parseSize };
}

function parseSize(text: string): Result<number> {
  const [, digits = "", unit = ""] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  if (digits === "") return failure(`expected a size such as "8m", got "${text}"`);
  return success(Number(digits) * (BYTES_PER_UNIT[unit.toLowerCase()] ?? 1));
}
