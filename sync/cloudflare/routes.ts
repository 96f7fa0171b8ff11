import Cloudflare from "cloudflare";
import type { Zone } from "./dns.ts";
import { readChangeRejection } from "./rejections.ts";

/** A route of Workers. It carries no mark of an owner, only the name of its script. */
export interface WorkersRoute {
  readonly id: string;
  readonly pattern: string;
  /** Undefined: no Worker runs for the pattern. */
  readonly script: string | undefined;
}

/** Operations on the Workers routes of a zone. */
export interface Routes {
  list(zone: Zone): Promise<WorkersRoute[]>;
  /** Rejects with a `ChangeRejectedError` if Cloudflare rejects the route. */
  create(zone: Zone, pattern: string, script: string): Promise<WorkersRoute>;
  /** Resolves too if the route does not exist. */
  remove(zone: Zone, route: WorkersRoute): Promise<void>;
}

/** Codes of a route that does not exist. */
const MISSING_CODES = [10007, 10009];

/** Creates a client of Workers routes through the REST API. */
export function createRoutes(client: Cloudflare): Routes {
  return {
    async list(zone) {
      const { result } = await client.workers.routes.list({ zone_id: zone.id }); // one response with all routes
      return (result ?? []).map(({ id, pattern, script }) => ({ id, pattern, script: script || undefined }));
    },
    async create(zone, pattern, script) {
      try {
        const { id } = await client.workers.routes.create({ zone_id: zone.id, pattern, script });
        return { id, pattern, script };
      } catch (error) {
        throw readChangeRejection(error, "Workers route") ?? error;
      }
    },
    async remove(zone, { id }) {
      try {
        await client.workers.routes.delete(id, { zone_id: zone.id });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Cloudflare.APIError)) return false;
  return error.status === 404 && [error.errors].flat().some(({ code }) => MISSING_CODES.includes(code ?? 0));
}
