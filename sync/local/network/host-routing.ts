import type { RequestRouting } from "../account/routes/route-request.ts";

/** A response without a Worker and without an origin. */
export interface EdgeRejection {
  readonly status: number;
  readonly body: string;
}

/** The part of the local Cloudflare that answers a request. */
export type EdgeTarget = "worker" | "origin" | EdgeRejection;

/** Decides who answers a request for a URL. */
export type EdgeRouting = (url: string) => EdgeTarget;

/** Every request runs the Worker. */
export const ROUTE_EVERYTHING: EdgeRouting = () => "worker";

/**
 * Routes by the zones of the account: a request runs the Worker only if Cloudflare would run `script` for it. Other Workers
 * of the account do not run on this machine.
 */
export function createZoneRouting(routeRequest: (url: URL) => RequestRouting, script: string): EdgeRouting {
  return (text) => {
    const routing: RequestRouting = URL.canParse(text) ? routeRequest(new URL(text)) : { kind: "unserved" };
    switch (routing.kind) {
      case "origin":
        return "origin";
      case "unserved": // Cloudflare's answer to a host that it does not proxy
        return { status: 409, body: "error code: 1001\n" };
      case "worker":
        return routing.script === script
          ? "worker"
          : { status: 501, body: `Worker ${routing.script} does not run on this machine\n` };
    }
  };
}
