import { bareName, known } from "../compile/known.ts";
import type { Finding } from "./finding.ts";
import { directivesOf } from "./snippets.ts";
import { at, readValue, type Surveyed } from "./survey.ts";

/** What becomes of an Ingress's annotations; what cannot be had is a diagnostic already. */
export function annotationFindings({ ingress, read, paths }: Surveyed): Finding[] {
  const counting = Object.entries(ingress.annotations).flatMap(([key, value]) => {
    const found = known.get(bareName(key) ?? "");
    return found && readValue(read, found) !== undefined ? [{ key, value, ...found }] : [];
  });
  const near = counting.flatMap(({ key, row }): Finding[] => {
    const place = at(ingress, `metadata.annotations[${key}]`);
    if (row.nearness === "near" && row.difference) {
      return [{ ...place, rule: "near", kind: "differs", message: row.difference }];
    }
    if (row.nearness !== "inert") return [];
    return [{ ...place, rule: "inert", kind: "same", message: `nothing to do: ${row.difference ?? row.doc}` }];
  });
  const same = counting.filter(({ row }) => (row.nearness ?? "same") === "same").map(({ name }) => name);
  const served = paths.filter(({ isServed }) => isServed).length;
  const count = `${served} ${served === 1 ? "path" : "paths"}`;
  const message = `${count}${same.length > 0 ? `, and ${same.join(", ")}` : ""}: as in ingress-nginx`;
  const summary: Finding = { ...at(ingress, "spec.rules"), rule: "same", kind: "same", message };
  return [...near, ...(served > 0 ? [summary] : []), ...snippetFindings(counting, ingress)];
}

function snippetFindings(
  counting: readonly { readonly key: string; readonly value: string; readonly name: string }[],
  ingress: Surveyed["ingress"],
): Finding[] {
  return counting
    .filter(({ name }) => name.endsWith("-snippet"))
    .flatMap(({ key, value }) =>
      directivesOf(value).map(({ directive, instead }): Finding => {
        const message = `${directive}: ${instead}`;
        return { ...at(ingress, `metadata.annotations[${key}]`), rule: "snippet", kind: "unsupported", message };
      }),
    );
}
