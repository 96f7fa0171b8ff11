/** The lines that an isolate logs about its snapshot, and what they mean: for the documentation. */
export const LOG_EVENTS = {
  "snapshot-from-cache": "KV did not return a usable manifest, so a starting isolate used the location's cached copy.",
  "shard-from-cache": "KV did not return a usable shard, so the isolate used the location's cached copy.",
  "snapshot-rejected": "A newer manifest or one of its shards is unreadable or fails verification. It is ignored.",
} as const;

export type LogEvent = keyof typeof LOG_EVENTS;
