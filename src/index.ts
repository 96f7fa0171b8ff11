import { Router } from "itty-router";
import type { Env } from "./env.ts";
import { load } from "./load/load.ts";
import { serve } from "./serve.ts";

/** Where the Worker speaks for itself. No Ingress can take these paths. */
const OWN_PATHS = "/.well-known/edgress/";

type Arguments = [env: Env, background: ExecutionContext];

const router = Router<Request, Arguments>()
  .get(`${OWN_PATHS}health`, async (_, env, background) => {
    const loaded = await load(env, "", background, Date.now());
    return loaded.ok ? Response.json({ status: "ok" }) : Response.json({ status: "no snapshot" }, { status: 503 });
  })
  .get(`${OWN_PATHS}generation`, async (_, env, background) => {
    const loaded = await load(env, "", background, Date.now());
    if (!loaded.ok) return Response.json({ status: "no snapshot" }, { status: 503 });
    const { generation, digest, publishedAt } = loaded.manifest;
    const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(publishedAt)) / 1000));
    return Response.json({ generation, digest, ageSeconds }, { headers: { "Cache-Control": "no-store" } });
  })
  .all("*", () => new Response("404 Not Found\n", { status: 404 }));

export { Limiter } from "./limits/limiter.ts";

export default {
  fetch(request, env, background) {
    const path = /^https?:\/\/[^/?#]*([^?#]*)/.exec(request.url)?.[1] ?? "";
    return path.startsWith(OWN_PATHS) ? router.fetch(request, env, background) : serve(request, env, background);
  },
} satisfies ExportedHandler<Env>;
