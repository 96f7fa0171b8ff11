import type { AppliedObject } from "../api-server.ts";
import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
import type { Controller, ControllerOptions } from "./controller.ts";
import { type ControllerHarness, withHarness } from "./controller-harness.ts";

/** The Service of most Ingresses in tests. */
export const WEB_SERVICE = buildServiceManifest("web", ["203.0.113.10"]);
/** The Ingresses of `startPublishedController`, each with the host of its name in example.com. */
export const PUBLISHED_NAMES = ["blog", "docs", "shop"];
/** Their routes. */
export const INITIAL_ROUTES = PUBLISHED_NAMES.map((name) => `${name}.example.com / -> default/web:80`);

export function applyIngresses({ apply }: ControllerHarness): void {
  apply(
    WEB_SERVICE,
    ...PUBLISHED_NAMES.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })),
  );
}

/** Starts a controller that has published three Ingresses and written their statuses. */
export async function startPublishedController(
  harness: ControllerHarness,
  options: ControllerOptions = {},
): Promise<Controller> {
  applyIngresses(harness);
  const controller = await harness.start(options);
  await harness.waitForRoutes(...INITIAL_ROUTES);
  await harness.waitUntilLive(...PUBLISHED_NAMES);
  await controller.sync();
  return controller;
}

/** Returns the routes after `shop` has another path. */
export function buildChangedRoutes(path: string): string[] {
  return [...INITIAL_ROUTES.slice(0, 2), `shop.example.com ${path} -> default/web:80`];
}

/** Sets the path of the Ingress `shop`. */
export function applyShopPath({ apply }: ControllerHarness, path: string): void {
  apply(buildIngressManifest("shop", "shop.example.com", { [path]: "web" }));
}

/** Changes the path of the Ingress `shop`, and resolves when the change is published. */
export async function publishShopPath(harness: ControllerHarness, path: string): Promise<void> {
  applyShopPath(harness, path);
  await harness.waitForRoutes(...buildChangedRoutes(path));
}

/** Returns a test function that runs with the Service `web` and a started controller. */
export function withController(
  run: (harness: ControllerHarness, controller: Controller) => Promise<void>,
): () => Promise<void> {
  return withHarness(async (harness) => {
    harness.apply(WEB_SERVICE);
    await run(harness, await harness.start());
  });
}

/** Returns an Ingress with these `spec.rules`, valid or not. */
export function buildIngressWithRules(name: string, rules: readonly object[]): AppliedObject {
  return { ...buildIngressManifest(name, undefined, {}), spec: { ingressClassName: "edgress", rules } };
}

export function withPathType(ingress: ReturnType<typeof buildIngressManifest>, pathType: string): AppliedObject {
  const rules = ingress.spec.rules.map(({ host, http }) => ({
    host,
    http: { paths: http.paths.map((path) => ({ ...path, pathType })) },
  }));
  return { ...ingress, spec: { ...ingress.spec, rules } };
}
