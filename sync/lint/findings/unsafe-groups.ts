import { findRedirectLocation } from "../../../src/rules/policies/redirect.ts";
import { stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, buildSampleUrl, type IndexedHost, type IndexedPath } from "./object-index.ts";

const GROUP = /\((?:\?:)?([^()]*)\)/g;
const SEGMENT_BEGINS_WITH_GROUP = /(?:^|\/)\$[1-9]/;
/** A URL with a group or an argument in its host name, after the part that the author wrote. */
const HOST_WITH_GROUP = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*?)\$(?:[1-9]|\{?arg_(\w+))/i;

const DOT_SEGMENTS = "../x";
const FOREIGN_HOST = "attacker.example";
const REDIRECT_ANNOTATIONS = ["temporal-redirect", "permanent-redirect", "rewrite-target"];

/** Rules whose finding is dropped if the response of the edge does not show the problem. */
export const SHOWN_BY_RESPONSE: Readonly<Record<string, string>> = {
  "rewrite-leaves-target": "400",
  "redirect-host-not-fixed": FOREIGN_HOST,
};

/** Finds rewrites and redirects whose groups can hold more than their author expects. */
export function findUnsafeGroups(host: IndexedHost): Finding[] {
  return host.paths.flatMap((path) => [...checkRewriteTarget(path, host), ...checkRedirectHost(path, host)]);
}

/** A group after a slash can begin with dots: `/files(.*)` and `/static/$1` make `/static/../x` of `/files../x`. */
function checkRewriteTarget(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { rewrite } = indexedPath.route.policies;
  if (rewrite?.type !== "replace" || !SEGMENT_BEGINS_WITH_GROUP.test(rewrite.target)) return [];
  const message = `a group of ${indexedPath.path} can begin with dots, so requests can leave ${rewrite.target} in ingress-nginx`;
  const remedy = "end the path before the group with a slash";
  const base = { ...locateAnnotation(indexedPath, ["rewrite-target"]), rule: "rewrite-leaves-target" as const };
  const nginx = `${indexedPath.route.backend}, with dot segments in the path`;
  return listSamplePaths(indexedPath, host, DOT_SEGMENTS).map((path): Finding => {
    return { ...base, kind: "different", message, remedy, url: buildSampleUrl(indexedPath, path), nginx };
  });
}

/** A group after a host name can extend it: `https://www.example.com$1` and `.attacker.example`. */
function checkRedirectHost(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const location = findRedirectLocation(indexedPath.route.policies);
  const match = HOST_WITH_GROUP.exec(location);
  if (!match) return [];
  const message = `the client can change the host name of ${location}`;
  const remedy = "write a slash before the group or argument";
  const base = { ...locateAnnotation(indexedPath, REDIRECT_ANNOTATIONS), rule: "redirect-host-not-fixed" as const };
  const [, beginning = "", argument] = match;
  const text = beginning === "" ? FOREIGN_HOST : `.${FOREIGN_HOST}`;
  const query = argument === undefined ? "" : `?${argument}=${text}`;
  return listSamplePaths(indexedPath, host, query === "" ? `${text}/` : "").map((path): Finding => {
    return { ...base, kind: "note", message, remedy, url: buildSampleUrl(indexedPath, path, query) };
  });
}

/** Returns a path that the regex matches with `text` in one of its groups, if the simple ones include it. */
function listSamplePaths({ path, route }: IndexedPath, { matchPath }: IndexedHost, text: string): string[] {
  const groupCount = path.match(GROUP)?.length ?? 0;
  const candidates = Array.from({ length: Math.max(groupCount, 1) }, (_, position) =>
    [fillEmpty, fillFirstAlternative, fillLetter].map((fill) => {
      return fillGroups(path, (content, index) => (index === position ? text : fill(content)));
    }),
  ).flat();
  const samplePath = candidates.find((candidate) => matchPath(candidate) === route);
  return samplePath === undefined ? [] : [samplePath];
}

const fillEmpty = () => "";
const fillLetter = () => "a";
const fillFirstAlternative = (content: string) => content.split("|")[0] ?? "";

function fillGroups(path: string, fill: (content: string, index: number) => string): string {
  let index = 0;
  return path.replace(GROUP, (_, content: string) => fill(content, index++)).replace(/[\^$]/g, "");
}

function locateAnnotation({ owner }: IndexedPath, names: readonly string[]) {
  const keys = Object.keys(owner.annotations);
  const key = names.flatMap((name) => keys.find((candidate) => stripAnnotationPrefix(candidate) === name) ?? [])[0];
  return buildLocation(owner, `metadata.annotations[${key ?? names[0]}]`);
}
