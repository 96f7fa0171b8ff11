import { Router } from "itty-router";
import type { Env } from "../env.ts";
import type { Exchange } from "../request/exchange.ts";
import type { EdgeResponse } from "../request/response.ts";
import { load } from "./load.ts";
import { buildOperatorStatus } from "./operator-status.ts";

/** Paths that the Worker itself answers. Ingresses cannot use them. */
const RESERVED_PATH_PREFIX = "/.well-known/edgress/";

interface ReservedPathAnswer {
  readonly answer: EdgeResponse;
  readonly generation: number | undefined;
}

type HandlerArguments = [env: Env, background: ExecutionContext];

const router = Router<Request, HandlerArguments>()
  .get(`${RESERVED_PATH_PREFIX}health`, async (_, env, background) => {
    const loadResult = await load(env, {}, background, Date.now());
    if (!loadResult.ok) return answerWithoutSnapshot(loadResult.reason);
    return answerReserved(Response.json({ status: "ok" }), loadResult.manifest.generation);
  })
  .get(`${RESERVED_PATH_PREFIX}generation`, async (request, env, background) => {
    if (!(await isOperator(request, env))) return notFound();
    const loadResult = await load(env, {}, background, Date.now());
    const status = await buildOperatorStatus(loadResult, env);
    if (!loadResult.ok) return answerWithoutSnapshot(loadResult.reason, status);
    const headers = { "Cache-Control": "no-store" };
    return answerReserved(Response.json(status, { headers }), loadResult.manifest.generation);
  })
  .all("*", notFound);

/** Whether the Worker itself answers a path. The spelling must be exact, because other spellings are paths of origins. */
export function isReservedPath({ rawPath }: Exchange): boolean {
  return rawPath.startsWith(RESERVED_PATH_PREFIX);
}

/** Answers a request for a reserved path. */
export function serveReservedPath({ request }: Exchange, ...platform: HandlerArguments): Promise<ReservedPathAnswer> {
  return router.fetch(request, ...platform);
}

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

function answerReserved(response: Response, generation?: number): ReservedPathAnswer {
  return { answer: { response, outcome: "reserved-path" }, generation };
}

function answerWithoutSnapshot(reason: string, status: object = { status: "no snapshot" }): ReservedPathAnswer {
  const response = Response.json(status, { status: 503 });
  return { answer: { response, outcome: "no-snapshot", reason }, generation: undefined };
}

function notFound(): ReservedPathAnswer {
  return answerReserved(new Response("404 Not Found\n", { status: 404 }));
}
