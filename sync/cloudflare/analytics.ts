import Cloudflare from "cloudflare";
import * as z from "zod";

/** Requests of one generation with the same side, outcome and status class. */
export interface RequestCount {
  readonly generation: number;
  readonly side: string; // "active" or "candidate"
  readonly outcome: string; // of the access log, such as "no-route"
  readonly statusClass: string; // such as "5xx"
  /** The number of requests, estimated from the sampled points. */
  readonly requests: number;
  /** The number of points that Cloudflare stored. */
  readonly points: number;
}

/** The requests that the edge counts in a dataset of Analytics Engine. */
export interface Analytics {
  countRequests(since: Date): Promise<RequestCount[]>;
}

const Answer = z.object({ data: z.array(z.record(z.string(), z.unknown())) });

/** A 64-bit integer is a text in an answer. */
const Count = z.coerce.number();
const Row = z.object({
  generation: Count,
  side: z.string(),
  outcome: z.string(),
  status: z.string(),
  requests: Count,
  points: Count,
});

/** Name of a dataset, as Cloudflare allows it in a query without quotes. */
const DATASET = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** Creates a client of the SQL API. Throws if the name of the dataset is invalid. */
export function createAnalytics(client: Cloudflare, accountId: string, dataset: string): Analytics {
  if (!DATASET.test(dataset))
    throw new Error(`dataset is invalid: "${dataset}". Use letters, digits and underscores, first a letter`);
  const query = async (sql: string) => {
    const options = { body: sql, headers: { "content-type": "text/plain" } };
    return Answer.parse(await client.post(`/accounts/${accountId}/analytics_engine/sql`, options)).data;
  };
  return {
    async countRequests(since) {
      const sql = buildCountQuery(dataset, since);
      try {
        return (await query(sql)).map(readRow);
      } catch (error) {
        // A dataset exists from its first point on, and a query for an absent one is an error like any other.
        if (!(error instanceof Cloudflare.APIError) || error.status === undefined || error.status >= 500) throw error;
        const tables = await query("SHOW TABLES FORMAT JSON").catch(() => undefined);
        if (tables && !tables.some((row) => Object.values(row).includes(dataset))) return [];
        throw error;
      }
    },
  };
}

/** The sum of the intervals counts the points that sampling left out. */
function buildCountQuery(dataset: string, since: Date): string {
  const seconds = Math.floor(since.getTime() / 1000);
  return [
    "SELECT blob2 AS generation, blob3 AS side, blob4 AS outcome, blob5 AS status,",
    "SUM(_sample_interval) AS requests, COUNT() AS points",
    `FROM ${dataset} WHERE timestamp >= toDateTime(${seconds})`,
    "GROUP BY generation, side, outcome, status FORMAT JSON",
  ].join(" ");
}

function readRow(row: unknown): RequestCount {
  const { status: statusClass, ...counts } = Row.parse(row);
  return { ...counts, statusClass };
}
