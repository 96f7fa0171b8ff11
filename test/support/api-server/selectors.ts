import { badRequest } from "./statuses.ts";
import type { KubernetesObject } from "./store.ts";

export type Selects = (object: KubernetesObject) => boolean;

/** What the two selectors of a request, each "" or missing for none, choose. */
export function selectorOf(labels: string | undefined, fields: string | undefined): Selects {
  const wanted = [...parts(labels).map(labelTerm), ...parts(fields).map(fieldTerm)];
  return (object) => wanted.every((term) => term(object));
}

/** Parts between commas, those in parentheses aside: "a in (x,y),b" has two. */
function parts(selector: string | undefined): string[] {
  return (selector ?? "")
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function labelTerm(term: string): Selects {
  const set = /^(\S+)\s+(in|notin)\s*\((.*)\)$/.exec(term);
  const equal = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(term);
  const exists = /^(!?)\s*([^=!\s()]+)$/.exec(term);
  if (exists) return (object) => (labelOf(object, exists[2]) !== undefined) === (exists[1] === "");
  const [, key, operator, values] = set ?? equal ?? [];
  if (key === undefined) throw badRequest(`unable to parse requirement: ${term}`);
  const among = set ? (values ?? "").split(",").map((value) => value.trim()) : [values];
  const positive = operator !== "notin" && operator !== "!=";
  return (object) => among.includes(labelOf(object, key)) === positive;
}

function labelOf({ metadata }: KubernetesObject, key = ""): string | undefined {
  return metadata.labels?.[key];
}

function fieldTerm(term: string): Selects {
  const [, field, operator, value] = /^(metadata\.(?:name|namespace))(==|=|!=)(.*)$/.exec(term) ?? [];
  if (field === undefined) throw badRequest(`"${term}" is not a known field selector`);
  return ({ metadata }) => {
    const own = field === "metadata.name" ? metadata.name : (metadata.namespace ?? "");
    return (own === value) === (operator !== "!=");
  };
}
