import type { LocalApi } from "../api-types.ts";
import type { DatasetStore } from "./data-points.ts";
import { runSql } from "./run-sql.ts";
import { SqlError } from "./sql-tokens.ts";

/** Creates the SQL endpoint of Analytics Engine: `POST /analytics_engine/sql`, with the query as the body. */
export function createAnalyticsApi(accountId: string, datasets: DatasetStore, now = () => Date.now()): LocalApi {
  return ({ method, path: [accounts, account, product, endpoint], query, body }) => {
    if (accounts !== "accounts" || account !== accountId || product !== "analytics_engine" || endpoint !== "sql")
      return undefined;
    const sql = method === "POST" ? body.toString() : query.get("query");
    if (!sql) return { status: 400, code: 10000, message: "The request must have a query." };
    try {
      return { bytes: runSql(sql, datasets, now()), headers: { "content-type": "application/json" } };
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      return { status: 422, code: 10000, message: error.message };
    }
  };
}
