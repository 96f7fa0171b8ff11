import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { callAccount } from "../../support/account/call-account.ts";

let account: LocalAccount;

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
});
after(() => account.close());
beforeEach(() => {
  account.datasets.clear();
  account.datasets.setSampleInterval(1);
});

/** Writes `count` points. */
function write(count: number, index: string, blobs: readonly string[], double = 1, timestamp = Date.now()): void {
  for (let n = 0; n < count; n++)
    account.datasets.write({ dataset: "edgress", index, blobs, doubles: [1, double], timestamp });
}

/** Sends a query and returns its rows. */
async function query(sql: string): Promise<unknown> {
  const text = await send(sql);
  assert.equal(text.status, 200, JSON.stringify(text));
  return text.result;
}

async function send(sql: string) {
  const response = await fetch(`${account.baseURL}/accounts/${account.accountId}/analytics_engine/sql`, {
    method: "POST",
    headers: { authorization: `Bearer ${account.token}` },
    body: sql,
  });
  const text = await response.text();
  return { status: response.status, result: text.startsWith("{") ? JSON.parse(text) : text };
}

test("Requests are counted by group, and an integer sum is text as in ClickHouse", async () => {
  write(3, "shop.example.com", ["route", "7", "active"]);
  write(2, "shop.example.com", ["route", "8", "candidate"]);
  const sql = `SELECT blob3 AS side, SUM(_sample_interval) AS requests, COUNT() AS points FROM edgress
    WHERE timestamp > NOW() - INTERVAL '1' MINUTE GROUP BY side ORDER BY requests DESC FORMAT JSON`;
  assert.deepEqual(await query(sql), {
    meta: [
      { name: "side", type: "String" },
      { name: "requests", type: "UInt64" },
      { name: "points", type: "UInt64" },
    ],
    data: [
      { side: "active", requests: "3", points: "3" },
      { side: "candidate", requests: "2", points: "2" },
    ],
    rows: 2,
    rows_before_limit_at_least: 2,
  });
});

test("A sampled index has one row for several points, and its interval counts them", async () => {
  account.datasets.setSampleInterval(10);
  write(105, "shop.example.com", ["a"]);
  const sql = "SELECT SUM(_sample_interval) AS requests, COUNT() AS rows_read FROM edgress FORMAT JSONEachRow";
  assert.deepEqual(await query(sql), { requests: "100", rows_read: "10" });
});

test("WHERE, HAVING, functions and operators select rows", async () => {
  const yesterday = Date.parse("2026-11-27T10:00:00Z");
  write(1, "a", ["x"], 2, yesterday);
  write(2, "b", ["y"], 5, yesterday);
  write(1, "c", ["z"], 7, yesterday);
  const rows = async (rest: string) => String(await query(`SELECT index1, ${rest} FORMAT TabSeparated`)).trim();
  const from = "FROM edgress WHERE";
  assert.equal(await rows(`double2 ${from} blob1 != 'x' AND NOT (double2 >= 6)`), "b\t5\nb\t5");
  assert.equal(
    await rows(`timestamp ${from} timestamp <= toDateTime('2026-11-27 10:00:00') LIMIT 1`),
    "a\t2026-11-27 10:00:00",
  );
  assert.equal(await rows(`timestamp ${from} timestamp > toDateTime(${yesterday / 1000})`), "");
  assert.equal(
    await rows("SUM(if(double2 > 4, _sample_interval, 0)) AS n FROM edgress GROUP BY index1 HAVING n > 1"),
    "b\t2",
  );
  assert.equal(
    await rows(
      "SUM(_sample_interval * double2) / SUM(_sample_interval) AS mean FROM edgress GROUP BY index1 ORDER BY mean DESC LIMIT 1",
    ),
    "c\t7",
  );
});

test("SHOW TABLES lists the datasets that have points", async () => {
  assert.equal(await query("SHOW TABLES FORMAT TabSeparated"), "");
  write(1, "a", []);
  assert.equal(await query("SHOW TABLES FORMAT TabSeparated"), "edgress\tDATASET\n");
});

test("A query that is invalid or unsupported is a 422 that names the fault", async () => {
  write(1, "a", []);
  const reject = async (sql: string) => {
    const { status, result } = await send(sql);
    return `${status} ${result.errors[0].message}`;
  };
  assert.equal(await reject("SELECT blob1 FROM nothing"), "422 unable to find type of table: nothing");
  assert.equal(await reject("SELECT blob21 FROM edgress"), "422 unable to find type of column: blob21");
  assert.equal(await reject("SELECT topK(blob1) FROM edgress"), "422 unsupported function: topk");
  assert.equal(await reject("SELECT SUM(blob1) FROM edgress"), "422 unsupported parameters of sum(): String");
  assert.equal(await reject("SELECT blob1 FROM edgress JOIN other"), "422 unsupported in a query: JOIN");
  assert.equal(
    await reject("SELECT blob1, COUNT() FROM edgress"),
    "422 column must be in GROUP BY or in an aggregate function: blob1",
  );
  assert.equal(await reject("SELECT blob1 FROM edgress WHERE blob1 = 7"), "422 cannot compare String with UInt64");
  assert.equal(await reject("DELETE FROM edgress"), "422 unable to parse query: expected SELECT, got DELETE");
  assert.equal(await reject("SELECT ? FROM edgress"), "422 unable to parse query near: ? FROM edgress");
  assert.equal((await callAccount(account, "POST /analytics_engine/sql")).status, 400);
});
