import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AttachedRoute, ServedListener } from "../../../sync/compile/gateway/gateway-compilation.ts";
import { listCoveringNames } from "../../../sync/compile/gateway/rules/listener-groups.ts";
import { type PlanContext, planHosts } from "../../../sync/compile/gateway/rules/plan-hosts.ts";
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

/** Every namespace may have every name. */
const CONTEXT: PlanContext = { ingressHosts: new Set(), mayClaim: () => true, mayHide: () => true };

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
    const plan = planHosts([WILD], [route], CONTEXT);
    assert.deepEqual(plan.listHosts(route), [{ host: "**.x.test", scheme: "http", isInherited: false }]);
  });

  test("The wildcard host of an Ingress gets the routes of the same wildcard of a listener", () => {
    const route = attach([WILD, "*.x.test"]);
    const plan = planHosts([WILD], [route], {
      ...CONTEXT,
      ingressHosts: new Set(["*.x.test", "*.y.test"]),
    });
    assert.deepEqual(plan.listHosts(route), [
      { host: "**.x.test", scheme: "http", isInherited: false },
      { host: "*.x.test", scheme: "http", isInherited: false },
    ]);
  });

  test("A route of both schemes has no scheme where both have the name", () => {
    const route = attach([WILD, "b.x.test"], [SECURE, "b.x.test"]);
    const plan = planHosts([WILD, SECURE], [route], CONTEXT);
    assert.deepEqual(plan.listHosts(route), [{ host: "b.x.test", scheme: undefined, isInherited: false }]);
  });

  test("A more specific name of http takes the routes of https with it", () => {
    const secure = attach([SECURE, "*.x.test"]);
    const precise = attach([PRECISE, "a.x.test"]);
    const plan = planHosts([SECURE, PRECISE], [secure, precise], CONTEXT);
    assert.deepEqual(plan.listHosts(secure), [
      { host: "**.x.test", scheme: "https", isInherited: false },
      { host: "a.x.test", scheme: "https", isInherited: true },
    ]);
    assert.deepEqual(plan.listHosts(precise), [{ host: "a.x.test", scheme: "http", isInherited: false }]);
  });

  test("A listener without routes hides less specific names of its scheme", () => {
    const route = attach([ANY, "*"]);
    const plan = planHosts([ANY, WILD, PRECISE], [route], CONTEXT);
    assert.deepEqual(plan.listHosts(route), [{ host: "*", scheme: "http", isInherited: false }]);
    assert.deepEqual(plan.emptyHosts, ["**.x.test"]);
  });

  test("A route of a less specific listener does not get the names of a more specific one", () => {
    const route = attach([ANY, "a.x.test", "b.x.test", "c.test"]);
    const plan = planHosts([ANY, WILD], [route], CONTEXT);
    assert.deepEqual(plan.listHosts(route), [{ host: "c.test", scheme: "http", isInherited: false }]);
  });
});
