/**
 * The text of a shard: one record a line, "NAME JSON". A host's name is its host, and a setting's name is "#" and its key.
 * So an edge parses one host without the others, and keeps the others as text.
 */
const SETTINGS_MARK = "#";
const RECORD_START = "\n";
const MAX_SEARCHED_KEYS = 16;

/** Bytes of a shard's text. An edge reads 9 shards at once, and a bulk read of KV returns up to 25 MB. */
export const MAX_SHARD_BYTES = 2 * 1024 * 1024;

/** The parsed records of a shard, without a check of their schema. */
export interface ShardRecords {
  readonly settings: Readonly<Record<string, unknown>>; // by key
  readonly hosts: readonly unknown[];
}

/** Formats the record of a host. `json` must be on one line. */
export function formatHostRecord(host: string, json: string): string {
  return `${RECORD_START}${host} ${json}`;
}

/** Formats the record of settings. `json` must be on one line. */
export function formatSettingsRecord(key: string, json: string): string {
  return `${RECORD_START}${SETTINGS_MARK}${key} ${json}`;
}

/** Parses all records. Throws if one of them is not JSON. */
export function parseShardText(text: string): ShardRecords {
  const records = text.split(RECORD_START).slice(1).map(parseRecord);
  const isSettings = ([name]: readonly [string, unknown]) => name.startsWith(SETTINGS_MARK);
  return {
    settings: Object.fromEntries(
      records.filter(isSettings).map(([name, value]) => [name.slice(SETTINGS_MARK.length), value]),
    ),
    hosts: records.filter((record) => !isSettings(record)).map(([, value]) => value),
  };
}

/** Returns the JSON of a host's record. Undefined if the shard does not have the host. */
export function findHostRecord(text: string, host: string): string | undefined {
  return findRecord(text, host);
}

/** Returns the JSON of settings by key. A key without settings has no entry. */
export function findSettingsRecords(text: string, keys: ReadonlySet<string>): ReadonlyMap<string, string> {
  return keys.size > MAX_SEARCHED_KEYS ? listSettingsRecords(text, keys) : searchSettingsRecords(text, keys);
}

function searchSettingsRecords(text: string, keys: ReadonlySet<string>): ReadonlyMap<string, string> {
  return new Map(
    [...keys].flatMap((key) => {
      const json = findRecord(text, SETTINGS_MARK + key);
      return json === undefined ? [] : [[key, json] as const];
    }),
  );
}

/** Reads the text once, because a search for each key takes time that grows with the square of the text. */
function listSettingsRecords(text: string, keys: ReadonlySet<string>): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (const record of text.split(RECORD_START + SETTINGS_MARK).slice(1)) {
    const key = record.slice(0, record.indexOf(" "));
    const end = record.indexOf(RECORD_START);
    if (keys.has(key) && !records.has(key))
      records.set(key, record.slice(key.length + 1, end === -1 ? undefined : end));
  }
  return records;
}

/** Returns the JSON of a record. A name with a space is no name of a record. */
function findRecord(text: string, name: string): string | undefined {
  if (/\s/.test(name)) return undefined;
  const start = text.indexOf(`${RECORD_START}${name} `);
  if (start === -1) return undefined;
  const end = text.indexOf(RECORD_START, start + 1);
  return text.slice(start + name.length + 2, end === -1 ? undefined : end);
}

function parseRecord(record: string): readonly [name: string, value: unknown] {
  const space = record.indexOf(" ");
  if (space === -1) throw new Error("record has no name");
  return [record.slice(0, space), JSON.parse(record.slice(space + 1))];
}
