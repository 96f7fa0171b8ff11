import type { HostRules } from "../rules/snapshot.ts";
import type { SubrequestTarget } from "../rules/subrequest-target.ts";
import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

export type Next = (exchange: Exchange) => Promise<EdgeResponse>;

/** Applies a policy to a request: answers it, or passes it on and may change the response. */
export type Filter = (exchange: Exchange, next: Next) => Promise<EdgeResponse>;

/** The host that a filter belongs to, and its means to send requests. */
export interface HostContext {
  readonly rules: HostRules;
  /** The end of every chain: forwards to the exchange's backend. */
  readonly forward: Next;
  /** Sends a subrequest. Rejects if the target is unreachable or does not respond in time. */
  readonly sendSubrequest: (exchange: Exchange, target: SubrequestTarget, init: SubrequestInit) => Promise<Response>;
}

/** A subrequest without its target. Redirects are not followed, and an upgrade is not sent. */
export interface SubrequestInit {
  readonly method: string;
  readonly headers: Headers;
  readonly body: ReadableStream | null;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Headers of the edge about the request. Rules that serve the subrequest drop such headers of a client. */
  readonly edgeHeaders?: readonly (readonly [name: string, value: string])[];
  /** Headers that identify the visitor. A host of another namespace does not get them. */
  readonly identityHeaders?: readonly string[];
  /** The Host header for a backend, in the zone of the client's; the client's if undefined. */
  readonly host?: string | undefined;
}
