import { converted } from "./conversion.ts";
import { groupVersionOf, type Target } from "./resources.ts";
import { selectorOf } from "./selectors.ts";
import { badRequest, expired, tooLarge } from "./statuses.ts";
import type { KubernetesObject, Store } from "./store.ts";

const CONTINUE_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You must start a new list without " +
  "the continue parameter.";

export type Query = Readonly<Record<string, string>>;

export interface List {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: readonly KubernetesObject[];
}

/** One page of a list, or all of it. The continue token says which version the pages are of, and what comes next. */
export function list(store: Store, target: Target, query: Query): List {
  const { resource, namespace } = target;
  const token = tokenOf(query.continue);
  const version = token?.version ?? store.version;
  if (Number(query.resourceVersion ?? 0) > store.version) throw tooLarge(query.resourceVersion ?? "", store.version);
  const all = store.at(resource.plural, version);
  if (!all) throw expired(CONTINUE_EXPIRED);
  const selects = selectorOf(query.labelSelector, query.fieldSelector);
  const chosen = all.filter((object) => (namespace ?? object.metadata.namespace) === object.metadata.namespace);
  const left = chosen
    .map((object) => converted(object, resource))
    .filter(selects)
    .slice(token?.start ?? 0);
  const limit = query.resourceVersion === "0" ? 0 : Number(query.limit ?? 0); // caches answer "0", and know no pages
  const items = limit > 0 ? left.slice(0, limit) : left;
  const next = { version, start: (token?.start ?? 0) + items.length };
  const more = items.length < left.length && {
    continue: Buffer.from(JSON.stringify(next)).toString("base64url"),
    ...(!query.labelSelector && !query.fieldSelector && { remainingItemCount: left.length - items.length }),
  };
  return {
    kind: `${resource.kind}List`,
    apiVersion: groupVersionOf(resource),
    metadata: { resourceVersion: String(version), ...more },
    items: items.map(({ apiVersion: _version, kind: _kind, ...item }) => item as KubernetesObject), // as the real one
  };
}

interface Token {
  readonly version: number;
  /** How many objects came before. */
  readonly start: number;
}

function tokenOf(text: string | undefined): Token | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as Token; // nobody but this file writes them
  } catch {
    throw badRequest("continue key is not valid");
  }
}
