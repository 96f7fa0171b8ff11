import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { type Annotation, type AnnotationRow, definePolicy } from "./policy.ts";

const BYTES_PER_UNIT: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** How large a request's body may be. */
export const bodySize = definePolicy({
  name: "bodySize",
  scope: "route",
  settings: z.strictObject({ most: z.int().check(z.gte(1)) }), // bytes
  annotations: {
    "proxy-body-size": size({
      doc: "Answers 413 to requests with a larger body; `0` takes any.",
      example: "8m",
      defaultText: "the limit of the Cloudflare plan",
      support: "partial",
      difference:
        "Without it there is no limit of 1m; the limit of the zone's plan (100 MB or more) holds in any case.",
    }),
  },
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
