import { Router } from "itty-router";
import type { Env } from "./env.ts";
import { load } from "./load/load.ts";
import { serve } from "./serve.ts";

/** Paths that the Worker itself answers. Ingresses cannot use them. */
const RESERVED_PATH_PREFIX = "/.well-known/edgress/";

type HandlerArguments = [env: Env, background: ExecutionContext];

const router = Router<Request, HandlerArguments>()
  .get(`${RESERVED_PATH_PREFIX}health`, async (_, env, background) => {
    const loadResult = await load(env, "", background, Date.now());
    return loadResult.ok ? Response.json({ status: "ok" }) : Response.json({ status: "no snapshot" }, { status: 503 });
  })
  .get(`${RESERVED_PATH_PREFIX}generation`, async (request, env, background) => {
    if (!(await isOperator(request, env))) return notFound();
    const loadResult = await load(env, "", background, Date.now());
    if (!loadResult.ok) return Response.json({ status: "no snapshot" }, { status: 503 });
    const { generation, digest, publishedAt } = loadResult.manifest;
    const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(publishedAt)) / 1000));
    return Response.json({ generation, digest, ageSeconds }, { headers: { "Cache-Control": "no-store" } });
  })
  .all("*", notFound);

/** The generation shows when and how often rules change, so it is not public. */
async function isOperator(request: Request, { EDGRESS_STATUS_TOKEN }: Env): Promise<boolean> {
  if (!EDGRESS_STATUS_TOKEN) return false;
  return hasSameDigest(request.headers.get("Authorization") ?? "", `Bearer ${EDGRESS_STATUS_TOKEN}`);
}

/** Compares digests, so that the time does not depend on the first difference of the texts. */
async function hasSameDigest(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map((text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
  );
  return crypto.subtle.timingSafeEqual(first as ArrayBuffer, second as ArrayBuffer);
}

function notFound(): Response {
  return new Response("404 Not Found\n", { status: 404 });
}

export { GenerationFloor } from "./load/floor-object.ts";
export { Limiter } from "./rate-limiter/durable-object.ts";

export default {
  fetch(request, env, background) {
    const path = /^https?:\/\/[^/?#]*([^?#]*)/.exec(request.url)?.[1] ?? "";
    return path.startsWith(RESERVED_PATH_PREFIX)
      ? router.fetch(request, env, background)
      : serve(request, env, background);
  },
} satisfies ExportedHandler<Env>;
