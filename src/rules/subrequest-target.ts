import * as z from "zod/mini";

/**
 * Where a subrequest goes (an authentication service, a mirror). Its path may hold variables. A Worker can't fetch an
 * address or a name that only the cluster knows, so the compiler says which backend that is.
 */
export const SubrequestTarget = z.discriminatedUnion("via", [
  // A backend of this host, by "namespace/service:port".
  z.strictObject({ via: z.literal("backend"), backend: z.string(), path: z.string() }),
  // The host that the request asked for, or another that we serve: its own rules answer.
  z.strictObject({ via: z.literal("rules"), scheme: z.enum(["http", "https"]), host: z.string(), path: z.string() }),
  // A public name: "https://auth.example.com".
  z.strictObject({ via: z.literal("internet"), origin: z.string(), path: z.string() }),
]);
export type SubrequestTarget = z.infer<typeof SubrequestTarget>;
