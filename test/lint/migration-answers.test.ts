import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startDev } from "../support/cli/edge-cli.ts";
import { describeAnswer, readAnswer } from "../support/migration/answer.ts";
import { lintFolder, withExampleFolder, withMigratedFolder } from "../support/migration/example-folder.ts";
import { buildSecrets } from "../support/migration/secrets.ts";
import { sendRequest } from "../support/worker/http-requests.ts";

/** The options that select the Ingresses of ingress-nginx, which lint selects by default. */
const CLASS_OPTIONS = ["--ingress-class", "nginx", "--controller", "k8s.io/ingress-nginx", "--zone", "example.com"];
/** A client with a public address, as in the sample requests of lint. */
const HEADERS = { "CF-Connecting-IP": "198.51.100.1" };

describe("The migration example", () => {
  test("edgress dev gives the answers that lint states, before the Services change", async () => {
    const results = await withExampleFolder(await buildSecrets(), compareAnswers);
    assert.deepEqual(
      results.filter(({ stated, served }) => stated !== served),
      [],
    );
    assert.equal(results.length, 85);
  });

  test("edgress dev gives the answers that lint states, after the written Services were applied", async () => {
    const results = await withMigratedFolder(await buildSecrets(), compareAnswers);
    assert.deepEqual(
      results.filter(({ stated, served }) => stated !== served),
      [],
    );
    assert.equal(results.length, 13);
  });
});

/** Returns the answer of the edge to each URL of lint, as lint states it and as `edgress dev` serves it. */
async function compareAnswers(folder: string) {
  const { findings } = await lintFolder(folder);
  const dev = await startDev(folder, "--echo-origins", ...CLASS_OPTIONS);
  try {
    const statements = findings.flatMap(({ url, edgress }) => (url && edgress ? [{ url, stated: edgress }] : []));
    return await Promise.all(
      statements.map(async ({ url, stated }) => {
        const answer = readAnswer(await sendRequest({ stack: dev }, url, { headers: HEADERS }));
        return { url, stated, served: describeAnswer(answer, url, stated) };
      }),
    );
  } finally {
    await dev.end();
  }
}
