import assert from "node:assert/strict";
import { test } from "node:test";
import { customErrors } from "../../src/filters/custom-errors.ts";
import { createExchange, type RequestServices } from "../../src/request/exchange.ts";
import type { EdgeResponse } from "../../src/request/response.ts";
import { EMPTY_HOST_CONTEXT } from "../support/sample-exchanges.ts";

const SETTINGS = { codes: [401, 403, 503], backend: "default/errors:80", service: "shop", port: "80", onlyOwn: false };

for (const [title, fields, replaced] of [
  ["an error of the edge is replaced", { outcome: "no-backend" }, true],
  ["the answer of an authentication service never is", { outcome: "routed", isAuthResponse: true }, false],
  ["nor that of a closed route", { outcome: "failed-closed" }, false],
] as const) {
  test(title, async () => {
    for (const status of SETTINGS.codes) {
      const answer = await runCustomErrors({ response: new Response("own", { status }), ...fields });
      assert.equal(await answer.response.text(), replaced ? "page" : "own");
    }
  });
}

function runCustomErrors(answer: EdgeResponse): Promise<EdgeResponse> {
  const forward = async (): Promise<EdgeResponse> => ({ response: new Response("page"), outcome: "routed" });
  const exchange = createExchange(new Request("http://shop.example.com/"), {} as RequestServices); // no one looks at it here
  return customErrors(SETTINGS, { ...EMPTY_HOST_CONTEXT, forward })(exchange, async () => answer);
}
