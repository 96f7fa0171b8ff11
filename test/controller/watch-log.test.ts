import assert from "node:assert/strict";
import { test } from "node:test";
import { createWatchLog } from "../../sync/controller/watch-log.ts";
import { ApiError } from "../../sync/kubernetes/client.ts";
import { createLogger } from "../../sync/report/log.ts";

function startLog() {
  const messages: string[] = [];
  const write = (line: string) => messages.push((JSON.parse(line) as { msg: string }).msg);
  let ms = 0;
  const watchLog = createWatchLog(createLogger({ level: "info", secrets: [] }, { write }), () => ms);
  return { messages, watchLog, advance: (step: number) => (ms += step) };
}

const REFUSED = new Error("connect ECONNREFUSED 192.0.2.1:443");
const FORBIDDEN = new ApiError(403, "Forbidden", "services is forbidden");

test("An outage of every watch is one line, and its end is one line with the duration", () => {
  const { messages, watchLog, advance } = startLog();
  for (let attempt = 0; attempt < 10; attempt++)
    for (const resource of ["ingresses", "services", "ingressclasses"]) watchLog.failed(resource, REFUSED);
  advance(12_400);
  for (const resource of ["services", "ingresses", "ingressclasses"]) watchLog.answered(resource);
  assert.deepEqual(messages, [
    "no valid answer from the API server: connect ECONNREFUSED 192.0.2.1:443. The last known objects stay in use",
    "the API server answers again after 12 s",
  ]);
});

test("A missing permission is logged once per resource, and again after it was there", () => {
  const { messages, watchLog } = startLog();
  watchLog.failed("services", FORBIDDEN);
  watchLog.failed("services", FORBIDDEN);
  watchLog.answered("services");
  watchLog.failed("services", FORBIDDEN);
  const line =
    "watch failed: services: Kubernetes API: services is forbidden (status 403). Apply the Roles and bindings of deploy/base or of the chart. The last known objects stay in use";
  assert.deepEqual(messages, [line, line]);
});

test("A second outage is logged again", () => {
  const { messages, watchLog } = startLog();
  watchLog.failed("services", REFUSED);
  watchLog.answered("services");
  watchLog.failed("services", REFUSED);
  assert.equal(messages.filter((message) => message.startsWith("no valid answer")).length, 2);
});
