/** An API call, as far as its retries depend on it. */
export interface ApiCallKind {
  /** It changes nothing. */
  readonly isRead: boolean;
  /** Its repetition has no further effect. */
  readonly isRepeatable: boolean;
  /** Its response is a value, not a JSON document. */
  readonly returnsValue: boolean;
}

const KV_VALUE = /\/storage\/kv\/namespaces\/[^/]+\/values\//;
/** Calls with POST that only read. */
const READ_POSTS = [/\/bulk\/get$/, /\/analytics_engine\/sql$/, /\/observability\/telemetry\/(query|keys|values)$/];
/** Calls with POST that can be repeated. */
const REPEATABLE_POSTS = [/\/storage\/kv\/namespaces\/[^/]+\/bulk\/delete$/];
const REPEATABLE_METHODS = ["GET", "HEAD", "PUT", "DELETE"];

/** Classifies a call by its method and path. */
export function classifyCall(method: string, path: string): ApiCallKind {
  const isRead = method === "GET" || method === "HEAD" || matchesPost(READ_POSTS, method, path);
  const isRepeatable = isRead || REPEATABLE_METHODS.includes(method) || matchesPost(REPEATABLE_POSTS, method, path);
  return { isRead, isRepeatable, returnsValue: method === "GET" && KV_VALUE.test(path) };
}

function matchesPost(patterns: readonly RegExp[], method: string, path: string): boolean {
  return method === "POST" && patterns.some((pattern) => pattern.test(path));
}

/** Codes of faults before a connection exists, so that nothing was sent. */
const UNSENT_CODES = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** Whether a network fault happened before the request was sent. */
export function wasNotSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && UNSENT_CODES.includes(String(cause.code));
}

/** Returns the problem with the body of a successful response: a page of HTML, or JSON that is cut off. */
export function findBodyProblem({ returnsValue }: ApiCallKind, response: Response, body: string): string | undefined {
  if (!response.ok || response.status === 204 || returnsValue) return undefined;
  const type = response.headers.get("content-type") ?? "";
  if (body === "" || type.startsWith("text/html")) return "the response is not JSON";
  if (!type.includes("json")) return undefined;
  try {
    JSON.parse(body);
    return undefined;
  } catch {
    return "the response is not valid JSON";
  }
}
