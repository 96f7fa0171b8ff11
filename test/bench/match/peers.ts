import { Router } from "itty-router";
import type { Candidate, Decide } from "./candidates.ts";
import { buildHostName, PATHS } from "./workload.ts";

// The routers of other projects. They get the normalized host and path. Where the routes of all hosts are in one router, the
// host is the first segment of the path.

interface FindMyWay {
  on(method: string, path: string, handler: () => void, store: string): void;
  find(method: string, path: string): { readonly store: unknown } | null;
}
interface HonoRouter {
  add(method: string, path: string, handler: string): void;
  match(method: string, path: string): readonly [readonly (readonly [string, ...unknown[]])[], ...unknown[]];
}
interface Rou3 {
  createRouter(): object;
  addRoute(router: object, method: string, path: string, data: string): void;
  findRoute(router: object, method: string, path: string): { readonly data: string } | undefined;
}
type NewHonoRouter = new (options?: object) => HonoRouter;

// By name, because only this benchmark uses them: the other code compiles without them.
const importPeer = async <T>(name: string) => (await import(name)) as T;

const SHORTEST_FIRST = PATHS.toSorted((a, b) => a.length - b.length);
const LONGEST_FIRST = SHORTEST_FIRST.toReversed();

export async function loadPeers(): Promise<Candidate[]> {
  const { default: createFindMyWay } = await importPeer<{ default: () => FindMyWay }>("find-my-way");
  const { TrieRouter } = await importPeer<{ TrieRouter: NewHonoRouter }>("hono/router/trie-router");
  const { RegExpRouter } = await importPeer<{ RegExpRouter: NewHonoRouter }>("hono/router/reg-exp-router");
  const { SmartRouter } = await importPeer<{ SmartRouter: NewHonoRouter }>("hono/router/smart-router");
  const rou3 = await importPeer<Rou3>("rou3");
  const createSmart = () => new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] });
  const peer = (name: string, maxHosts: number, build: Candidate["build"]) => ({ name, isPeer: true, maxHosts, build });
  return [
    peer(
      "find-my-way, a router for each host",
      10_000,
      perHost((host) => buildFindMyWay(createFindMyWay(), host)),
    ),
    peer(
      "rou3, a router for each host",
      100_000,
      perHost((host) => buildRou3(rou3, host)),
    ),
    peer("rou3, one router", 100_000, (hosts) => buildRou3ForAll(rou3, hosts)),
    peer(
      "Hono RegExpRouter for each host",
      10_000,
      perHost((host) => buildHono(new RegExpRouter(), host)),
    ),
    peer(
      "Hono SmartRouter for each host",
      10_000,
      perHost((host) => buildHono(createSmart(), host)),
    ),
    peer("Hono TrieRouter, one router", 100_000, (hosts) => buildHonoForAll(new TrieRouter(), hosts)),
    peer("itty-router's regexes for each host", 10_000, perHost(buildItty)),
    peer("URLPattern for each host", 1000, perHost(buildUrlPatterns)),
  ];
}

/** A router in a map for each host. */
function perHost(build: (host: string) => (path: string) => string | undefined): Candidate["build"] {
  return (hosts): Decide => {
    const routers = new Map(
      Array.from({ length: hosts }, (_, index) => [buildHostName(index), build(buildHostName(index))] as const),
    );
    return ({ host, path }) => routers.get(host)?.(path);
  };
}

function buildFindMyWay(router: FindMyWay, host: string) {
  for (const path of PATHS) {
    if (path !== "/") router.on("GET", path, () => {}, `${host} ${path}`);
    router.on("GET", path === "/" ? "/*" : `${path}/*`, () => {}, `${host} ${path}`);
  }
  return (path: string) => router.find("GET", path)?.store as string | undefined; // the store is the last argument of on
}

function buildRou3({ createRouter, addRoute, findRoute }: Rou3, host: string) {
  const router = createRouter();
  for (const path of PATHS) addRoute(router, "GET", path === "/" ? "/**" : `${path}/**`, `${host} ${path}`);
  return (path: string) => findRoute(router, "GET", path)?.data;
}

function buildRou3ForAll({ createRouter, addRoute, findRoute }: Rou3, hosts: number): Decide {
  const router = createRouter();
  for (let index = 0; index < hosts; index++) {
    const host = buildHostName(index);
    for (const path of PATHS) addRoute(router, "GET", `/${host}${path === "/" ? "" : path}/**`, `${host} ${path}`);
  }
  return ({ host, path }) => findRoute(router, "GET", `/${host}${path}`)?.data;
}

// Hono returns every handler that matches, in the order of registration: the last one is the longest prefix.
const readLast = ([handlers]: ReturnType<HonoRouter["match"]>) => handlers.at(-1)?.[0];

function buildHono(router: HonoRouter, host: string) {
  for (const path of SHORTEST_FIRST) router.add("GET", path === "/" ? "/*" : `${path}/*`, `${host} ${path}`);
  return (path: string) => readLast(router.match("GET", path));
}

function buildHonoForAll(router: HonoRouter, hosts: number): Decide {
  for (let index = 0; index < hosts; index++) {
    const host = buildHostName(index);
    for (const path of SHORTEST_FIRST) router.add("GET", `/${host}${path === "/" ? "" : path}/*`, `${host} ${path}`);
  }
  return ({ host, path }) => readLast(router.match("GET", `/${host}${path}`));
}

/** The regexes that itty-router makes of paths. Its fetch would create a URL for each request. */
function buildItty(host: string) {
  const router = Router();
  for (const path of LONGEST_FIRST) router.all(path === "/" ? "*" : `${path}/*`, () => undefined);
  const routes = router.routes.map(([, regex], index) => ({ regex, route: `${host} ${LONGEST_FIRST[index]}` }));
  return (path: string) => routes.find(({ regex }) => regex.test(path))?.route;
}

function buildUrlPatterns(host: string) {
  const patterns = LONGEST_FIRST.map((path) => ({
    pattern: new URLPattern({ pathname: path === "/" ? "/*" : `${path}{/*}?` }),
    route: `${host} ${path}`,
  }));
  return (path: string) => patterns.find(({ pattern }) => pattern.test(`http://h${path}`))?.route;
}
