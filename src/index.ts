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
  .get(`${RESERVED_PATH_PREFIX}generation`, async (_, env, background) => {
    const loadResult = await load(env, "", background, Date.now());
    if (!loadResult.ok) return Response.json({ status: "no snapshot" }, { status: 503 });
    const { generation, digest, publishedAt } = loadResult.manifest;
    const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(publishedAt)) / 1000));
    return Response.json({ generation, digest, ageSeconds }, { headers: { "Cache-Control": "no-store" } });
  })
  .all("*", () => new Response("404 Not Found\n", { status: 404 }));

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
