import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ApiServer } from "../support/api-server.ts";
import {
  applySecret,
  buildSecretReference,
  countRequests,
  LIST_BY_NAME,
  NAMESPACE_LIST,
  READ_BY_NAME,
  watchReferences,
} from "../support/controller/watched-references.ts";
import { waitFor } from "../support/wait-for.ts";

const SHOP = ["users", "admins"].map((name) => buildSecretReference("shop", name));
let server: ApiServer;
let abortController: AbortController;

beforeEach(async () => {
  server = await ApiServer.start();
  abortController = new AbortController();
});

afterEach(async () => {
  abortController.abort();
  await server.stop();
});

describe("The Secrets that rules refer to", () => {
  beforeEach(() => {
    applySecret(server, "shop", "users", "ann");
    applySecret(server, "shop", "admins", "bob");
    applySecret(server, "shop", "foreign", "eve");
  });

  test("have one watch a namespace, of metadata only, and only they are read", async () => {
    const { watchOnly, listContents, waitForContents, countChanges, notes } = watchReferences(
      server,
      abortController.signal,
    );
    assert.equal(await watchOnly(SHOP), true);
    assert.deepEqual(listContents(), ["shop/users: ann", "shop/admins: bob"]);
    await waitFor(() => server.countWatches() === 1);
    applySecret(server, "shop", "foreign", "mallory");
    applySecret(server, "shop", "users", "carl");
    await waitForContents("shop/users: carl", "shop/admins: bob");
    assert.deepEqual([server.countWatches(), server.countWatches(LIST_BY_NAME), countChanges()], [1, 0, 1]);
    assert.equal(countRequests(server, READ_BY_NAME), 3);
    assert.equal(countRequests(server, /secrets\/foreign/), 0);
    const collections = server.requests.filter(({ line }) => NAMESPACE_LIST.test(line));
    assert.equal(collections.length, 2);
    assert.ok(collections.every(({ accept }) => accept?.includes("as=PartialObjectMetadata")));
    assert.deepEqual(notes, []);
  });

  test("have a watch by name if a namespace has one", async () => {
    const { watchOnly, listContents } = watchReferences(server, abortController.signal);
    await watchOnly([buildSecretReference("shop", "users")]);
    assert.deepEqual(listContents(), ["shop/users: ann"]);
    await waitFor(() => server.countWatches() === 1);
    assert.equal(countRequests(server, NAMESPACE_LIST), 0);
    await watchOnly(SHOP);
    await waitFor(() => server.countWatches(LIST_BY_NAME) === 0 && server.countWatches() === 1);
    assert.deepEqual(listContents(), ["shop/users: ann", "shop/admins: bob"]);
  });

  test("are gone after they were deleted, and are found after they were created", async () => {
    const { watchOnly, waitForContents } = watchReferences(server, abortController.signal);
    server.remove("Secret", "shop", "admins");
    await watchOnly(SHOP);
    await waitForContents("shop/users: ann");
    await waitFor(() => server.countWatches() === 1);
    server.remove("Secret", "shop", "users");
    await waitForContents();
    applySecret(server, "shop", "users", "dora");
    applySecret(server, "shop", "admins", "dan");
    await waitForContents("shop/users: dora", "shop/admins: dan");
  });

  test("are compared with a new list after the watch expired", async () => {
    const { watchOnly, waitForContents } = watchReferences(server, abortController.signal);
    await watchOnly(SHOP);
    await waitFor(() => server.countWatches() === 1);
    const readsBefore = countRequests(server, READ_BY_NAME);
    server.injectWatchFault(/./, { type: "silence" });
    applySecret(server, "shop", "users", "carl");
    server.remove("Secret", "shop", "admins");
    server.compact();
    server.injectWatchFault(/./, { type: "cut" });
    await waitForContents("shop/users: carl");
    assert.equal(countRequests(server, READ_BY_NAME) - readsBefore, 2);
  });

  test("are no longer watched after the last reference to them", async () => {
    const { watchOnly, listContents } = watchReferences(server, abortController.signal);
    await watchOnly([...SHOP, buildSecretReference("blog", "users")]);
    await waitFor(() => server.countWatches() === 2);
    assert.equal(await watchOnly([buildSecretReference("shop", "users")]), false);
    assert.deepEqual(listContents(), ["shop/users: ann"]);
    await watchOnly([]);
    await waitFor(() => server.countWatches() === 0);
    assert.deepEqual(listContents(), []);
  });

  test("are read again after a failed read", async () => {
    const { watchOnly, waitForContents, failures } = watchReferences(server, abortController.signal);
    server.injectFault(/secrets\/users/, { type: "answer", status: 500 });
    await watchOnly(SHOP);
    assert.equal(failures.length, 1);
    await waitFor(() => server.countWatches() === 1);
    server.injectFault(/secrets\/users/, { type: "close" }, 5);
    applySecret(server, "shop", "users", "carl");
    await waitForContents("shop/users: carl", "shop/admins: bob");
    assert.equal(failures.length, 6);
  });
});

describe("A namespace whose Secrets must not be listed", () => {
  const NOTE =
    /^watched by name kind=Secret namespace=shop: one watch for all was refused: secrets is forbidden: .*\. To allow it, bind ClusterRole edgress-reads-references in the namespace$/;

  beforeEach(() => {
    applySecret(server, "shop", "users", "ann");
    applySecret(server, "shop", "admins", "bob");
  });

  test("has watches by name and one note, until one watch is allowed", async () => {
    server.forbid(NAMESPACE_LIST);
    const { watchOnly, waitForContents, notes, failures } = watchReferences(server, abortController.signal);
    await watchOnly(SHOP);
    await waitFor(() => server.countWatches(LIST_BY_NAME) === 2);
    applySecret(server, "shop", "users", "carl");
    await waitForContents("shop/users: carl", "shop/admins: bob");
    await waitFor(() => countRequests(server, NAMESPACE_LIST) >= 3); // it is tried again
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", NOTE);
    server.clearFaults();
    await waitFor(() => server.countWatches(LIST_BY_NAME) === 0 && server.countWatches() === 1);
    applySecret(server, "shop", "admins", "dan");
    await waitForContents("shop/users: carl", "shop/admins: dan");
    assert.deepEqual(failures, []);
  });

  test("has watches by name after the permission was revoked, and keeps the contents", async () => {
    const { watchOnly, waitForContents, listContents, notes } = watchReferences(server, abortController.signal);
    await watchOnly(SHOP);
    await waitFor(() => server.countWatches() === 1);
    server.forbid(NAMESPACE_LIST);
    server.injectWatchFault(/./, { type: "error", code: 410 }); // an open watch outlives the permission
    await waitFor(() => server.countWatches(LIST_BY_NAME) === 2);
    assert.deepEqual(listContents(), ["shop/users: ann", "shop/admins: bob"]);
    applySecret(server, "shop", "users", "carl");
    await waitForContents("shop/users: carl", "shop/admins: bob");
    assert.match(notes.join("\n"), NOTE);
  });

  test("has watches by name if only reading by name is forbidden", async () => {
    server.forbid(READ_BY_NAME);
    const { watchOnly, waitForContents } = watchReferences(server, abortController.signal);
    await watchOnly(SHOP);
    await waitForContents("shop/users: ann", "shop/admins: bob");
    await waitFor(() => server.countWatches(LIST_BY_NAME) === 2);
  });

  test("reports each Secret as unreadable without any permission, until it is granted", async () => {
    server.forbid(/secrets/);
    const { watchOnly, listUnreadable, waitForContents } = watchReferences(server, abortController.signal);
    await watchOnly(SHOP);
    const problems = listUnreadable().map(({ name, problem }) => `${name}: ${problem}`);
    assert.equal(problems.length, 2);
    assert.match(
      problems[0] ?? "",
      /^users: .*forbidden.*; bind ClusterRole edgress-reads-references in namespace shop/,
    );
    server.clearFaults();
    await waitForContents("shop/users: ann", "shop/admins: bob");
    assert.deepEqual(listUnreadable(), []);
  });
});
