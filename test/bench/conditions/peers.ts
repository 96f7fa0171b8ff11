import type { Candidate, Decide } from "../match/candidates.ts";
import { buildHostName, CONDITIONS, type MatchRequest, PATHS } from "../match/workload.ts";

// find-my-way is the only one of the peers that matches headers and methods. None of them matches query parameters. Its
// routes of all hosts cannot be in one router, because a path has up to 31 routes with constraints.

interface FindMyWay {
  readonly constrainer: { deriveConstraints(request: object): object };
  on(method: string, path: string, options: object, handler: () => void, store: string): void;
  compile(): void;
  find(method: string, path: string, constraints: object): { readonly store: unknown } | null;
}
type CreateFindMyWay = (options: object) => FindMyWay;

/** A constraint on the header x-color. */
const COLOR = {
  name: "color",
  storage() {
    const values = new Map<string, object>();
    return {
      get: (value: string) => values.get(value) ?? null,
      set: (value: string, store: object) => values.set(value, store),
    };
  },
  deriveConstraint: ({ headers }: Pick<MatchRequest, "headers">) => headers["x-color"],
};

export async function loadConditionPeers(): Promise<Candidate[]> {
  const { default: createRouter } = (await import("find-my-way" as string)) as { default: CreateFindMyWay };
  const create = () => createRouter({ constraints: { color: COLOR } });
  const peer = (name: string, maxHosts: number, build: Candidate["build"]) => ({ name, isPeer: true, maxHosts, build });
  return [
    peer("find-my-way, a router for each host", 10_000, buildForEachHost(create)),
    peer(
      "find-my-way compiled, a router for each host",
      1000, // 10,000 take a minute and 1.5 GB
      buildForEachHost(create, (router) => router.compile()),
    ),
  ];
}

function buildForEachHost(create: () => FindMyWay, finish: (router: FindMyWay) => void = () => {}): Candidate["build"] {
  return (hosts): Decide => {
    const routers = new Map(
      Array.from({ length: hosts }, (_, index) => {
        const router = create();
        addRoutes(router, buildHostName(index));
        finish(router);
        return [buildHostName(index), router] as const;
      }),
    );
    return (request) => {
      const router = routers.get(request.host);
      return router && findStore(router, request);
    };
  };
}

function addRoutes(router: FindMyWay, host: string): void {
  for (const path of PATHS)
    for (const [name, when] of CONDITIONS) {
      const constraints = when?.headers ? { color: "red" } : {};
      const add = (pattern: string) =>
        router.on(when?.method ?? "GET", pattern, { constraints }, () => {}, `${host} ${path}${name}`);
      if (path !== "/") add(path);
      add(path === "/" ? "/*" : `${path}/*`);
    }
}

function findStore(router: FindMyWay, request: MatchRequest): string | undefined {
  const constraints = router.constrainer.deriveConstraints(request);
  return router.find(request.source.request.method, request.path, constraints)?.store as string | undefined;
}
