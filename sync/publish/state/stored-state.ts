import * as z from "zod";

/** Raise this if an older controller would misread the new controller state. */
export const STATE_FORMAT = 1;

/** The value of the key `state`. */
export const StoredState = z.strictObject({
  format: z.literal(STATE_FORMAT),
  cluster: z.nullable(z.string()),
  brokenSince: z.record(z.string(), z.iso.datetime({ offset: true })),
  ingresses: z.array(z.nullable(z.string())), // digests of shards; null for an empty shard
  regexVerdicts: z.nullable(z.string()), // digest of their blob
});
