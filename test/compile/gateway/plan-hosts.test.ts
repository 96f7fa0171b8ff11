import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AttachedRoute, ServedListener } from "../../../sync/compile/gateway/gateway-compilation.ts";
import { listCoveringNames, planHosts } from "../../../sync/compile/gateway/rules/plan-hosts.ts";
import { httpRoute } from "./gateway-objects.ts";

function listener(scheme: "http" | "https", hostname: string): ServedListener {
  return { gateway: "infra/web", owner: "Gateway infra/web", name: `${scheme} ${hostname}`, scheme, hostname };
}

function attach(...entries: readonly [ServedListener, ...string[]][]): AttachedRoute {
  return {
    route: httpRoute(),
    attachments: entries.map(([attached, ...hostnames]) => ({ listener: attached, hostnames })),
  };
}

const ANY = listener("http", "*");
const WILD = listener("http", "*.x.test");
const SECURE = listener("https", "*.x.test");
const PRECISE = listener("http", "a.x.test");

describe("plans of hosts", () => {
  test("Names are covered by themselves, by wildcards of any number of labels, and by every host", () => {
    assert.deepEqual(listCoveringNames("a.x.test"), ["a.x.test", "*.x.test", "*.test", "*"]);
    assert.deepEqual(listCoveringNames("*.x.test"), ["*.x.test", "*.test", "*"]);
    assert.deepEqual(listCoveringNames("*"), ["*"]);
  });

  test("A wildcard of a listener becomes a host of any number of labels", () => {
    const route = attach([WILD, "*.x.test"]);
    const plan = planHosts([WILD], [route], new Set());
    assert.deepEqual(plan.listHosts(route.attachments), [{ host: "**.x.test", scheme: "http" }]);
  });

  test("The wildcard host of an Ingress gets the routes of the same wildcard of a listener", () => {
    const route = attach([WILD, "*.x.test"]);
    const plan = planHosts([WILD], [route], new Set(["*.x.test", "*.y.test"]));
    assert.deepEqual(plan.listHosts(route.attachments), [
      { host: "**.x.test", scheme: "http" },
      { host: "*.x.test", scheme: "http" },
    ]);
  });

  test("A route of both schemes has no scheme where both have the name", () => {
    const route = attach([WILD, "b.x.test"], [SECURE, "b.x.test"]);
    const plan = planHosts([WILD, SECURE], [route], new Set());
    assert.deepEqual(plan.listHosts(route.attachments), [{ host: "b.x.test", scheme: undefined }]);
  });

  test("A more specific name of http takes the routes of https with it", () => {
    const secure = attach([SECURE, "*.x.test"]);
    const precise = attach([PRECISE, "a.x.test"]);
    const plan = planHosts([SECURE, PRECISE], [secure, precise], new Set());
    assert.deepEqual(plan.listHosts(secure.attachments), [
      { host: "**.x.test", scheme: "https" },
      { host: "a.x.test", scheme: "https" },
    ]);
    assert.deepEqual(plan.listHosts(precise.attachments), [{ host: "a.x.test", scheme: "http" }]);
  });

  test("A listener without routes hides less specific names of its scheme", () => {
    const route = attach([ANY, "*"]);
    const plan = planHosts([ANY, WILD, PRECISE], [route], new Set());
    assert.deepEqual(plan.listHosts(route.attachments), [{ host: "*", scheme: "http" }]);
    assert.deepEqual(plan.emptyHosts, ["**.x.test", "a.x.test"]);
  });

  test("A route of a less specific listener does not get the names of a more specific one", () => {
    const route = attach([ANY, "a.x.test", "b.x.test", "c.test"]);
    const plan = planHosts([ANY, WILD], [route], new Set());
    assert.deepEqual(plan.listHosts(route.attachments), [{ host: "c.test", scheme: "http" }]);
  });
});
