import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ApiError } from "../../sync/kubernetes/client.ts";
import { buildLabeledIngress, CART, INGRESSES, SHOP_INGRESSES } from "../support/api-server/client.ts";
import { startTestApi } from "../support/api-server/test-api.ts";

const { server, api } = await startTestApi();

describe("refusals", () => {
  const body = buildLabeledIngress("cart");
  const rows: [string, () => Promise<unknown>, number, string, string][] = [
    [
      "an object that isn't there",
      () => api.get(`${SHOP_INGRESSES}/none`),
      404,
      "NotFound",
      'ingresses.networking.k8s.io "none" not found',
    ],
    [
      "a namespace that isn't there",
      () => api.create("/apis/networking.k8s.io/v1/namespaces/blog/ingresses", buildLabeledIngress("cart", "blog")),
      404,
      "NotFound",
      'namespaces "blog" not found',
    ],
    [
      "a patch of another name",
      () => api.patch(CART, { metadata: { name: "other" } }),
      400,
      "BadRequest",
      "the name of the object (other) does not match the name on the URL (cart)",
    ],
    [
      "another namespace than the path's",
      () => api.create(SHOP_INGRESSES, buildLabeledIngress("cart", "default")),
      400,
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    [
      "a version on what is to be created",
      () => api.create(SHOP_INGRESSES, { ...body, metadata: { ...body.metadata, resourceVersion: "7" } }),
      500,
      "Unknown",
      "resourceVersion should not be set on objects to be created",
    ],
    [
      "a key of a ConfigMap with a space",
      () =>
        api.create("/api/v1/namespaces/shop/configmaps", {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "keys", namespace: "shop" },
          data: { "a b": "c" },
        }),
      422,
      "Invalid",
      "configmaps \"keys\" is invalid: data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    ],
    [
      "a resource that isn't served",
      () => api.get("/apis/networking.k8s.io/v7/ingresses"),
      404,
      "NotFound",
      "the server could not find the requested resource",
    ],
    [
      "a group that isn't served",
      () => api.get("/apis/foo.bar/v1"),
      404,
      "Unknown",
      "the API server responded with status 404",
    ],
    [
      "a list of a time to come",
      () => api.get(INGRESSES, { resourceVersion: "999999" }),
      504,
      "Timeout",
      "Timeout: Too large resource version: 999999, current: ",
    ],
    [
      "a selector of other fields",
      () => api.get(INGRESSES, { fieldSelector: "spec.x=1" }),
      400,
      "BadRequest",
      '"spec.x=1" is not a known field selector',
    ],
  ];
  for (const [condition, sendRequest, status, reason, message] of rows) {
    test(`The test server rejects ${condition}`, async () => {
      server.apply(buildLabeledIngress("cart"));
      await assert.rejects(sendRequest(), (error: ApiError) => {
        assert.deepEqual([error.status, error.reason], [status, reason]);
        assert.ok(error.message.startsWith(message), error.message);
        return true;
      });
    });
  }

  test("The test server rejects a client without the token", async () => {
    const answer = await fetch(server.url + INGRESSES);
    assert.equal(answer.status, 401);
    assert.equal(((await answer.json()) as { reason: string }).reason, "Unauthorized");
  });
});
