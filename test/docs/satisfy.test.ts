import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { authorization } from "../../src/filters/authorization/authorization.ts";
import type { SettingsOf } from "../../src/rules/policies/index.ts";
import { readText } from "../support/docs/markdown.ts";
import { EXTERNAL_AUTH, SHOP_URL } from "../support/worker/authorization-samples.ts";
import { EMPTY_HOST_CONTEXT, runFilter, stubExchange } from "../support/worker/sample-exchanges.ts";

const PAGE = "docs/satisfy.md";
const HEADINGS = ["Address", "Password", "`auth-url` answers", "`all`", "`any`"];
const ABSENT = "–";

type Settings = Omit<SettingsOf<"authorization">, "any">;
/** One state of a guard: its text in the table, its settings, and the client's part. */
interface GuardState {
  readonly text: string;
  readonly settings: Settings;
  readonly password?: string;
  readonly serviceStatus?: number;
}

const ranges = { denied: ["192.0.2.1"], allowed: ["192.0.2.1"], others: ["203.0.113.0/24"] };
const absent: GuardState = { text: ABSENT, settings: {} };
const addressStates: readonly GuardState[] = [
  absent,
  { text: "in the allow list", settings: { sourceRange: { allow: ranges.allowed, deny: ranges.others } } },
  { text: "not in the allow list", settings: { sourceRange: { allow: ranges.others } } },
  { text: "in the deny list", settings: { sourceRange: { allow: ranges.allowed, deny: ranges.denied } } },
  { text: "not in the deny list, no allow list", settings: { sourceRange: { deny: ranges.others } } },
];
const basic = { realm: "", users: "sealed" };
const passwordStates: readonly GuardState[] = [
  absent,
  { text: "right", settings: { basic }, password: "s3cret" },
  { text: "wrong or missing", settings: { basic } },
];
const serviceStates: readonly GuardState[] = [
  absent,
  { text: "2xx", settings: { external: EXTERNAL_AUTH }, serviceStatus: 200 },
  ...[401, 403].map((serviceStatus) => ({
    text: String(serviceStatus),
    settings: { external: EXTERNAL_AUTH },
    serviceStatus,
  })),
];

/** Returns the status of a request in these states, 200 if the filter passes it on. */
async function findStatus(states: readonly GuardState[], any: boolean): Promise<number> {
  const settings = Object.assign({ any }, ...states.map((state) => state.settings));
  const { password } = states.find((state) => state.password !== undefined) ?? {};
  const { serviceStatus } = states.find((state) => state.serviceStatus !== undefined) ?? {};
  const credentials = password === undefined ? {} : { Authorization: `Basic ${btoa(`ann:${password}`)}` };
  const exchange = stubExchange(
    SHOP_URL,
    { ...credentials, "CF-Connecting-IP": "192.0.2.1" },
    {
      decrypt: async () => "ann:{PLAIN}s3cret\n",
      fetch: async () => new Response(null, { status: serviceStatus ?? 500 }),
    },
  );
  const { result, forwarded } = await runFilter(authorization(settings, EMPTY_HOST_CONTEXT), exchange);
  assert.equal(forwarded !== undefined, result.response.status === 200);
  return result.response.status;
}

async function buildTable(): Promise<string> {
  const combinations = addressStates.flatMap((address) =>
    passwordStates.flatMap((password) => serviceStates.map((service) => [address, password, service])),
  );
  const rows = combinations
    .filter((states) => states.some((state) => state !== absent))
    .map(async (states) => [
      ...states.map(({ text }) => text),
      ...(await Promise.all([false, true].map((any) => findStatus(states, any)))).map(String),
    ]);
  const lines = [HEADINGS, HEADINGS.map(() => "---"), ...(await Promise.all(rows))];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

test(`The truth table of ${PAGE} has the answers of the authorization filter for every combination of guards`, async () => {
  const text = readText(PAGE);
  const [prose = "", tableInPage = ""] = text.split(/(?=^\| Address )/m);
  const table = await buildTable();
  if (process.env.UPDATE_GOLDEN) {
    writeFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), prose + table);
  }
  assert.equal(tableInPage, table);
});
