import { pipeOf } from "../body.ts";
import { inTime } from "../in-time.ts";

/** The same response, cut off where the origin leaves more than `ms` between two parts of its body. */
export function withIdleLimit(response: Response, ms: number): Response {
  if (response.body === null) return response;
  const encoded = response.headers.has("Content-Encoding"); // then the length is not that of the bytes read here
  const { readable, writable } = pipeOf(encoded ? null : response.headers.get("Content-Length"));
  pump(response.body, writable, ms).catch(() => {}); // the client sees the body break off
  return new Response(readable, response);
}

async function pump(from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, ms: number): Promise<void> {
  const reader = from.getReader();
  const writer = to.getWriter();
  try {
    for (;;) {
      const part = await inTime(reader.read(), ms);
      if (!part) throw new Error(`nothing from the origin for ${ms} ms`);
      if (part.done) break;
      await writer.write(part.value);
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}
