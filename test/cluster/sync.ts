// Run by `npm run test:cluster`: the sync job between a real API server and the edge.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { apply } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { ingressesOf, ingressOf, inParallel, syncedWith, within } from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { EXAMPLES } from "../support/edge-cli.ts";
import { startSync } from "../support/sync-cli.ts";

const cluster = await startCluster();
after(() => cluster.close());
const synced = await syncedWith(cluster, ["example.com", "bar.com"]);
after(() => synced.close());
const { answers, generation, isLive, status } = synced;
const [home, crowd] = [await cluster.namespace(), await cluster.namespace()];
const ourClass = home; // in a cluster that is not ours, nobody else's
const job = await startSync({
  kubeconfig: cluster.kubeconfig,
  environment: synced.environment,
  args: [
    ...["--namespace", home, "--watch-namespace", home, crowd],
    ...["--ingress-class", ourClass, "--watch-ingress-without-class"],
    ...["--publish-status-address", "edge.example.com"],
  ],
});
after(() => job.end());
const versions = (await cluster.kubectl(["api-versions"])).split("\n");
const noOldVersions = !versions.includes("extensions/v1beta1") && "this cluster no longer serves extensions/v1beta1";

describe("an example that is applied as extensions/v1beta1 reaches the edge:", { skip: noOldVersions }, () => {
  const fanout = {
    "http://foo.bar.com/foo/x": "my-service-1 /x",
    "http://foo.bar.com/bar": "my-service-2 /",
    "http://foo.bar.com/": "404",
  };
  const singleBackend = { "http://any.example.com/x": "my-service /x", "http://foo.bar.com/": "my-service /" };

  for (const [example, expected] of Object.entries({ fanout, "single-backend": singleBackend })) {
    test(example, async (t) => {
      await synced.origin("203.0.113.10:80", "my-service");
      await synced.origin("203.0.113.11:80", "my-service-1");
      await synced.origin("203.0.113.12:80", "my-service-2");
      const [first = ""] = Object.keys(expected);
      const filenames = ["--namespace", home, "--filename", join(EXAMPLES, example)];
      await within(t, 3000, "applied", {
        change: () => cluster.kubectl(["apply", ...filenames]),
        async seen() {
          for (const [url, wanted] of Object.entries(expected)) await answers(url, wanted);
          await isLive(home, "my-ingress");
        },
      });
      assert.deepEqual((await status(home, "my-ingress"))?.addresses, ["edge.example.com"]);
      await within(t, 3000, "deleted", {
        change: () => cluster.kubectl(["delete", ...filenames]),
        seen: () => answers(first, "404"),
      });
    });
  }
});

test("1,000 Ingresses that are created in parallel are live within 30 s, in a handful of generations", async (t) => {
  const names = Array.from({ length: 1000 }, (_, index) => `n-${index}`);
  await synced.origin("203.0.113.31:80", "web");
  await apply(cluster, crowd, service("web", ["203.0.113.31"]));
  const before = await generation();
  const asked = performance.now();
  const tellTime = (what: string) => t.diagnostic(`${what} after ${Math.round(performance.now() - asked)} ms`);
  await within(t, 30_000, "all of it", {
    async change() {
      const create = (name: string) => synced.api.create(ingressesOf(crowd), ingressOf(ourClass, name, { "/": "web" }));
      await inParallel(names, create);
      tellTime("created");
    },
    async seen() {
      await inParallel(names, (name) => answers(`http://${name}.example.com/`, "web /"));
      tellTime("live");
      await inParallel(names, (name) => isLive(crowd, name));
      tellTime("status written");
    },
  });
  const generations = (await generation()) - before;
  t.diagnostic(`${generations} generations`);
  assert(generations <= 8, `${generations} generations`);
});
