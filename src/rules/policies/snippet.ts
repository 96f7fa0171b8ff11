import { parseNginxConfig } from "../nginx-config.ts";
import { success } from "../result.ts";
import type { Annotation, AnnotationRow, PolicyContext } from "./policy.ts";
import { type JudgedDirective, judgeDirectives, type SnippetPlace } from "./snippet-directives.ts";

/** The nginx configuration of an annotation: its directives, or the reason why it is unreadable. */
export type Snippet =
  | { readonly type: "directives"; readonly directives: readonly JudgedDirective[] }
  | { readonly type: "unreadable"; readonly problem: string };

/** An annotation with nginx configuration. */
export function snippetAnnotation(row: AnnotationRow, place: SnippetPlace, remedy: string): Annotation<Snippet> {
  return {
    ...row,
    support: "fail-closed",
    difference: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
    parse: (text) => success(readSnippet(text, place)),
  };
}

function readSnippet(text: string, place: SnippetPlace): Snippet {
  const config = parseNginxConfig(text);
  if (!config.ok) return { type: "unreadable", problem: config.problem };
  return { type: "directives", directives: judgeDirectives(config.value, place) };
}

/** Returns why a snippet closes its paths; undefined if the edge does all that it requests. */
function findSnippetProblem(snippet: Snippet | undefined, { isSet }: Pick<PolicyContext, "isSet">): string | undefined {
  if (snippet === undefined) return undefined;
  if (snippet.type === "unreadable") return `unreadable nginx configuration: ${snippet.problem}`;
  const closing = snippet.directives.filter(
    ({ verdict }) =>
      verdict.type === "unsupported" || (verdict.type === "unneeded" && verdict.needsAuthUrl && !isSet("auth-url")),
  );
  const labels = [...new Set(closing.map(({ label }) => label))];
  return labels.length === 0
    ? undefined
    : `unsupported nginx ${labels.length === 1 ? "directive" : "directives"}: ${labels.join(", ")}`;
}

/** Closes the paths of an annotation whose snippet the edge does not follow. */
export function closeForSnippet(
  annotation: string,
  snippet: Snippet | undefined,
  remedy: string,
  context: Pick<PolicyContext, "isSet" | "failClosed">,
): void {
  const problem = findSnippetProblem(snippet, context);
  const scope = annotation === "server-snippet" ? ", for the whole host" : "";
  if (problem !== undefined) context.failClosed(annotation, `${problem}${scope}`, remedy);
}

/** Returns the response headers that a snippet sets. One unsupported directive makes the whole snippet ineffective. */
export function listSnippetHeaders(
  snippet: Snippet | undefined,
  context: Pick<PolicyContext, "isSet">,
): (readonly [name: string, value: string])[] {
  return listSupported(snippet, context).flatMap(({ verdict }) =>
    verdict.type === "response-headers" ? verdict.headers : [],
  );
}

/** Returns the headers that a snippet adds to the requests to `auth-url`. */
export function listAuthenticationHeaders(
  snippet: Snippet | undefined,
  context: Pick<PolicyContext, "isSet">,
): (readonly [name: string, value: string])[] {
  return listSupported(snippet, context).flatMap(({ verdict }) =>
    verdict.type === "authentication-header" ? [verdict.header] : [],
  );
}

function listSupported(
  snippet: Snippet | undefined,
  context: Pick<PolicyContext, "isSet">,
): readonly JudgedDirective[] {
  if (snippet?.type !== "directives" || findSnippetProblem(snippet, context) !== undefined) return [];
  return snippet.directives;
}
