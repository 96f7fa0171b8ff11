import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** A Markdown document of the repository. */
export interface Document {
  readonly path: string; // from the root: "docs/install.md"
  readonly text: string;
}

/** A fenced block, without the indentation of the list that it is in. */
export interface Fence {
  readonly language: string;
  readonly text: string;
  readonly line: number; // of the opening fence
}

/** Every Markdown document that people read: at the root, below `docs/`, and the one of `test/`. */
export function readDocuments(): Document[] {
  const root = readdirSync(REPOSITORY).filter((name) => name.endsWith(".md"));
  const docs = readdirSync(join(REPOSITORY, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return [...root, ...docs, "test/README.md"].toSorted().map((path) => ({ path, text: readText(path) }));
}

/** Returns a file's text; `path` is from the root. */
export function readText(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

/** Returns the fenced blocks of a document. Throws if one is not closed. */
export function fencesIn({ path, text }: Document): Fence[] {
  const fences: Fence[] = [];
  let open: { indent: string; language: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, indent = "", language = ""] = /^( *)```(\w*)$/.exec(line) ?? [];
    if (!/^ *```/.test(line)) open?.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    else if (open) {
      fences.push({ language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else open = { indent, language, lines: [], line: index + 1 };
  }
  if (open) throw new Error(`${path}:${open.line}: the fenced block is not closed`);
  return fences;
}

/** Returns a document's headings without their marks: "Mass-deletion guard". Fenced blocks have none. */
export function headingsIn(document: Document): { readonly level: number; readonly title: string }[] {
  return proseOf(document)
    .split("\n")
    .flatMap((line) => {
      const [, marks = "", title] = /^(#{1,6}) (.+)$/.exec(line) ?? [];
      return title === undefined ? [] : [{ level: marks.length, title }];
    });
}

/** Returns the anchors of a document's headings, as code hosts make them: `## Leader election` → "leader-election". */
export function anchorsIn(document: Document): Set<string> {
  const anchors = new Set<string>();
  for (const { title } of headingsIn(document)) {
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A link to a file or heading of the repository. */
export interface Link {
  readonly target: string; // as written: "../SECURITY.md", "#alerts"
  readonly path: string; // from the root
  readonly anchor: string | undefined;
}

/** Returns a document's links, but for those to other sites. */
export function linksIn(document: Document): Link[] {
  const targets = [...proseOf(document).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = "", anchor] = target.split("#");
      const absolute = resolve(REPOSITORY, dirname(document.path), file);
      return { target, path: file === "" ? document.path : relative(REPOSITORY, absolute), anchor };
    });
}

/** Returns the text without fenced blocks, so that an example is not taken for a heading or link. */
function proseOf({ text }: Document): string {
  let isFenced = false;
  const lines = text.split("\n").filter((line) => {
    const isFence = /^ *```/.test(line);
    if (isFence) isFenced = !isFenced;
    return !isFence && !isFenced;
  });
  return lines.join("\n");
}
