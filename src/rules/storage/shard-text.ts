/**
 * The text of a shard: one record a line, "NAME JSON". A host's name is its host, and a setting's name is "#" and its key.
 * So an edge parses one host without the others, and keeps the others as text.
 */
const SETTINGS_MARK = "#";
const RECORD_START = "\n";

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

/** Parses the record of a host and of its settings. Undefined if the shard does not have the host. */
export function parseHostRecord(text: string, host: string): ShardRecords | undefined {
  const json = findRecord(text, host);
  if (json === undefined) return undefined;
  const keys = new Set([...json.matchAll(/"policies":"([^"]*)"/g)].map(([, key = ""]) => key));
  const settings = [...keys].flatMap((key) => {
    const settingsJson = findRecord(text, SETTINGS_MARK + key);
    return settingsJson === undefined ? [] : [[key, JSON.parse(settingsJson)] as const];
  });
  return { settings: Object.fromEntries(settings), hosts: [JSON.parse(json)] };
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
