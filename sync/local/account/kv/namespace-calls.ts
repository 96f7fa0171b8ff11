import * as z from "zod/mini";
import { type ApiCall, type ApiReply, type ErrorReply, isErrorReply } from "../api-types.ts";
import { paginate } from "../zones/paginate.ts";
import { kvErrors } from "./kv-errors.ts";
import type { LocalNamespace, NamespaceStore } from "./namespace-store.ts";

const MAX_TITLE_LENGTH = 512;
const PAGE_LIMITS = { minSize: 1, maxSize: 1000, defaultSize: 20 };

const NamespaceRequest = z.object({
  title: z.optional(z.string()),
  jurisdiction: z.optional(z.enum(["eu", "fedramp", "us"])),
});

/** Lists or creates namespaces: `/storage/kv/namespaces`. */
export function handleNamespaces(call: ApiCall, store: NamespaceStore): ApiReply | undefined {
  if (call.method === "GET") return paginate(store.list().map(formatNamespace), call.query, PAGE_LIMITS);
  if (call.method !== "POST") return undefined;
  const title = readTitle(call, store);
  return isErrorReply(title) ? title : { result: formatNamespace(store.create(title.text)) };
}

/** Shows, renames or deletes a namespace: `/storage/kv/namespaces/ID`. */
export async function handleNamespace(
  call: ApiCall,
  namespace: LocalNamespace,
  store: NamespaceStore,
): Promise<ApiReply | undefined> {
  switch (call.method) {
    case "GET":
      return { result: formatNamespace(namespace) };
    case "PUT": {
      const title = readTitle(call, store);
      if (isErrorReply(title)) return title;
      store.rename(namespace.id, title.text);
      return { result: { ...formatNamespace(namespace), title: title.text } };
    }
    case "DELETE":
      await store.remove(namespace.id);
      return { result: {} };
    default:
      return undefined;
  }
}

function readTitle({ body }: ApiCall, store: NamespaceStore): { text: string } | ErrorReply {
  const request = z.safeParse(NamespaceRequest, parseJson(body));
  if (!request.success) return kvErrors.invalidRequest(z.prettifyError(request.error));
  const { title = "" } = request.data;
  if (title === "") return kvErrors.titleMissing();
  if (title.length > MAX_TITLE_LENGTH)
    return kvErrors.invalidRequest(`create namespace: 'title longer than ${MAX_TITLE_LENGTH} characters'`);
  return store.list().some((namespace) => namespace.title === title) ? kvErrors.titleTaken() : { text: title };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function formatNamespace({ id, title }: LocalNamespace) {
  return { id, title, supports_url_encoding: true };
}
