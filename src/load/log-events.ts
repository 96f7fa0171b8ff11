/** The lines that an isolate logs about its snapshot, and what they mean: for the documentation. */
export const LOG_EVENTS = {
  "kv-unavailable":
    "KV did not return the manifest, so an isolate keeps its active snapshot. `generation` and `ageSeconds` are those of the snapshot.",
  "snapshot-from-cache":
    "KV did not return a usable manifest, so a starting isolate used the location's cached copy. `generation` and `ageSeconds` are those of the copy.",
  "shard-from-cache":
    "KV did not return a usable shard or filter, so the isolate used the location's cached copy. `key` names it, and `ageSeconds` is the age of the copy.",
  "snapshot-rejected":
    "A newer manifest or one of its shards is unreadable or fails verification. It is ignored. `generation` and `ageSeconds` are those of the active snapshot.",
} as const;

export type LogEvent = keyof typeof LOG_EVENTS;
