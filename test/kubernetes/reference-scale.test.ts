import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiServer } from "../support/api-server.ts";
import {
  applySecret,
  buildSecretReference,
  countRequests,
  LIST_BY_NAME,
  READ_BY_NAME,
  watchReferences,
} from "../support/controller/watched-references.ts";
import { waitFor } from "../support/wait-for.ts";

test("5,000 Secrets in 500 namespaces have 500 watches", { timeout: 120_000 }, async (t) => {
  const server = await ApiServer.start();
  const abortController = new AbortController();
  t.after(async () => {
    abortController.abort();
    await server.stop();
  });
  const namespaces = Array.from({ length: 500 }, (_, index) => `team-${index}`);
  const names = Array.from({ length: 10 }, (_, index) => `users-${index}`);
  for (const namespace of namespaces)
    for (const name of [...names, "foreign"]) applySecret(server, namespace, name, name);
  server.forbid(/^GET \/api\/v1\/namespaces\/team-499\/secrets\?(?!.*fieldSelector)/);
  const { watchOnly, listContents, countChanges } = watchReferences(server, abortController.signal);
  await watchOnly(namespaces.flatMap((namespace) => names.map((name) => buildSecretReference(namespace, name))));
  assert.equal(listContents().length, 5000);
  await waitFor(() => server.countWatches() === 499 + 10, 60_000);
  assert.equal(server.countWatches(LIST_BY_NAME), 10); // of the namespace whose list is forbidden
  assert.equal(countRequests(server, READ_BY_NAME), 4990);
  for (const namespace of ["team-0", "team-250", "team-499"]) applySecret(server, namespace, "users-3", "new");
  applySecret(server, "team-1", "foreign", "new");
  await waitFor(() => countChanges() === 3);
  assert.deepEqual(
    listContents().filter((line) => line.endsWith(": new")),
    ["team-0/users-3: new", "team-250/users-3: new", "team-499/users-3: new"],
  );
  assert.equal(countRequests(server, READ_BY_NAME), 4992);
});
