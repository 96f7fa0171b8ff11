import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../src/answer.ts";
import { exchangeOf, type Platform } from "../src/exchange.ts";
import { customErrors } from "../src/filters/custom-errors.ts";

const SETTINGS = { codes: [401, 403, 503], backend: "default/errors:80", service: "shop", port: "80", onlyOwn: false };

for (const [title, fields, replaced] of [
  ["an error of the edge is replaced", { outcome: "backend-missing" }, true],
  ["the answer of an authentication service never is", { outcome: "routed", authAnswer: true }, false],
  ["nor that of a closed route", { outcome: "closed" }, false],
] as const) {
  test(title, async () => {
    for (const status of SETTINGS.codes) {
      const answer = await answered({ response: new Response("own", { status }), ...fields });
      assert.equal(await answer.response.text(), replaced ? "page" : "own");
    }
  });
}

function answered(answer: Answer): Promise<Answer> {
  const rules = { host: "shop.example.com", policies: {}, routes: [], backends: {} };
  const forward = async (): Promise<Answer> => ({ response: new Response("page"), outcome: "routed" });
  const exchange = exchangeOf(new Request("http://shop.example.com/"), {} as Platform); // no one looks at it here
  return customErrors(SETTINGS, { rules, forward })(exchange, async () => answer);
}
