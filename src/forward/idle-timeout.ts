import { createPipe } from "../runtime/request-body-pipe.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** The same response, cut off where the origin leaves more than `ms` between two parts of its body. */
export function withIdleTimeout(response: Response, ms: number): Response {
  if (response.body === null) return response;
  const isEncoded = response.headers.has("Content-Encoding"); // then the length is not that of the bytes read here
  const { readable, writable } = createPipe(isEncoded ? null : response.headers.get("Content-Length"));
  pumpWithIdleTimeout(response.body, writable, ms).catch(() => {}); // the client sees the body break off
  return new Response(readable, response);
}

async function pumpWithIdleTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
): Promise<void> {
  const reader = source.getReader();
  const writer = destination.getWriter();
  try {
    for (;;) {
      const chunk = await withTimeout(reader.read(), ms);
      if (!chunk) throw new Error(`nothing from the origin for ${ms} ms`);
      if (chunk.done) break;
      await writer.write(chunk.value);
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}
