import { createPipe, pumpWithIdleTimeout } from "../runtime/streams.ts";

/** The same response, cut off where the origin leaves more than `ms` between two parts of its body. */
export function withIdleTimeout(response: Response, ms: number): Response {
  if (response.body === null) return response;
  const isEncoded = response.headers.has("Content-Encoding"); // then the length is not that of the bytes read here
  const { readable, writable } = createPipe(isEncoded ? null : response.headers.get("Content-Length"));
  pumpWithIdleTimeout(response.body, writable, ms).catch(() => {}); // the client sees the body break off
  return new Response(readable, response);
}
