import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from "yaml";
import type { ManifestDocument } from "../../collect/manifests.ts";
import type { Finding } from "../findings/finding.ts";
import type { LintFile } from "./read-files.ts";

/** Returns a finding with the line of its field, or of the deepest parent of the field in the file. */
export type LocateField = (finding: Finding) => Finding;

/** Creates a function that finds fields in files. A source without a file, such as a cluster, stays the same. */
export function createFieldLocator(files: readonly LintFile[]): LocateField {
  const documents = new Map(
    files.flatMap(({ path, documents }) => documents.map((entry) => [`${path}:${entry.line}`, { path, entry }])),
  );
  return (finding) => {
    const found = documents.get(finding.source);
    if (!found) return finding;
    return { ...finding, source: `${found.path}:${findLine(found.entry, finding)}` };
  };
}

function findLine({ document, line, lineCounter }: ManifestDocument, { object, field }: Finding): number {
  const root = findObjectNode(document, object);
  const offset = root && findOffset(document, root, parseField(field));
  return offset === undefined ? line : lineCounter.linePos(offset).line;
}

/** Finds an object ("Ingress namespace/name") in a document, which may be a List. */
function findObjectNode(document: Document.Parsed, object: string): Node | undefined {
  const root = document.contents as Node;
  const items = isMap(root) ? root.get("items", true) : undefined;
  if (!isSeq(items)) return root;
  return items.items.find((item): item is Node => isMap(item) && matchesObject(item.toJSON(), object));
}

function matchesObject(item: unknown, object: string): boolean {
  const { kind, metadata } = item as { kind?: unknown; metadata?: { namespace?: unknown; name?: unknown } };
  const [objectKind, name = ""] = object.split(" ");
  const names = [`${metadata?.namespace ?? "default"}/${metadata?.name}`, `${metadata?.name}`];
  return (kind === undefined || kind === objectKind) && names.includes(name);
}

/** Splits a field: `spec.rules[0].host` → spec, rules, 0, host. An annotation's key is one part. */
function parseField(field: string): string[] {
  return [...field.matchAll(/([^.[\]]+)|\[([^[\]]*)\]/g)].map(([, name, key]) => name ?? key ?? "");
}

/** Returns the offset of a field, or of its deepest parent that exists. */
function findOffset(document: Document.Parsed, root: Node, path: readonly string[]): number | undefined {
  let [node, offset]: [Node | undefined, number | undefined] = [root, root.range?.[0]];
  for (const part of path) {
    const child = findChild(isAlias(node) ? node.resolve(document) : node, part);
    if (!child) break;
    [node, offset] = [child.node, child.offset ?? offset];
  }
  return offset;
}

interface FieldNode {
  readonly node: Node | undefined;
  readonly offset: number | undefined;
}

/** Whether an item of a list, such as a listener, has a name. */
function isNamed(item: unknown, name: string): boolean {
  return isMap(item) && item.get("name") === name;
}

function findChild(node: Node | undefined, part: string): FieldNode | undefined {
  if (isSeq(node)) {
    const item = (node.items[Number(part)] ?? node.items.find((entry) => isNamed(entry, part))) as Node | undefined;
    return item && { node: item, offset: item.range?.[0] };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
  return pair && { node: (pair.value ?? undefined) as Node | undefined, offset: (pair.key as Node).range?.[0] };
}
