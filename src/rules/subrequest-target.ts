import * as z from "zod/mini";

/**
 * The target of a subrequest (an authentication service, a mirror). Its path may contain variables. A Worker cannot
 * fetch addresses or cluster-internal names, so the compiler resolves these to a backend.
 */
export const SubrequestTarget = z.discriminatedUnion("via", [
  // A backend of this host, by "namespace/service:port".
  z.strictObject({ via: z.literal("backend"), backend: z.string(), path: z.string() }),
  // The host of the request or another host of the rules. Its rules serve the subrequest.
  z.strictObject({ via: z.literal("rules"), scheme: z.enum(["http", "https"]), host: z.string(), path: z.string() }),
  // A public name: "https://auth.example.com".
  z.strictObject({ via: z.literal("internet"), origin: z.string(), path: z.string() }),
]);
export type SubrequestTarget = z.infer<typeof SubrequestTarget>;
