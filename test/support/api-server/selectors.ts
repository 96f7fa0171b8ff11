import { newBadRequest } from "./statuses.ts";
import type { KubernetesObject } from "./store.ts";

export type ObjectPredicate = (object: KubernetesObject) => boolean;

/** Parses a label and a field selector. "" or undefined matches all objects. */
export function parseSelectors(labels: string | undefined, fields: string | undefined): ObjectPredicate {
  const terms = [...splitTerms(labels).map(parseLabelTerm), ...splitTerms(fields).map(parseFieldTerm)];
  return (object) => terms.every((term) => term(object));
}

/** Splits at commas outside parentheses: "a in (x,y),b" has two terms. */
function splitTerms(selector: string | undefined): string[] {
  return (selector ?? "")
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseLabelTerm(term: string): ObjectPredicate {
  const setMatch = /^(\S+)\s+(in|notin)\s*\((.*)\)$/.exec(term);
  const equalityMatch = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(term);
  const existenceMatch = /^(!?)\s*([^=!\s()]+)$/.exec(term);
  if (existenceMatch)
    return (object) => (labelOf(object, existenceMatch[2]) !== undefined) === (existenceMatch[1] === "");
  const [, key, operator, values] = setMatch ?? equalityMatch ?? [];
  if (key === undefined) throw newBadRequest(`unable to parse requirement: ${term}`);
  const expectedValues = setMatch ? (values ?? "").split(",").map((value) => value.trim()) : [values];
  const isInclusion = operator !== "notin" && operator !== "!=";
  return (object) => expectedValues.includes(labelOf(object, key)) === isInclusion;
}

function labelOf({ metadata }: KubernetesObject, key = ""): string | undefined {
  return metadata.labels?.[key];
}

function parseFieldTerm(term: string): ObjectPredicate {
  const [, field, operator, value] = /^(metadata\.(?:name|namespace))(==|=|!=)(.*)$/.exec(term) ?? [];
  if (field === undefined) throw newBadRequest(`"${term}" is not a known field selector`);
  return ({ metadata }) => {
    const fieldValue = field === "metadata.name" ? metadata.name : (metadata.namespace ?? "");
    return (fieldValue === value) === (operator !== "!=");
  };
}
