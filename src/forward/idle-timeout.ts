import { createPipe, pumpWithIdleTimeout } from "../runtime/streams.ts";

/** Returns the response, aborted if the origin sends nothing for `ms` between two parts of its body. */
export function withIdleTimeout(response: Response, ms: number): Response {
  if (response.body === null) return response;
  const isEncoded = response.headers.has("Content-Encoding"); // then its length differs from the decoded bytes
  const { readable, writable } = createPipe(isEncoded ? null : response.headers.get("Content-Length"));
  pumpWithIdleTimeout(response.body, writable, ms).catch(() => {}); // the client gets an incomplete body
  return new Response(readable, response);
}
