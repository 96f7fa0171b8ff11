import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isHttpRouteOwner, parseNamespace, parseOwnerName, parseRouteOwner } from "../../src/rules/storage/route-id.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const ROUTE_ID_MODULE = "src/rules/storage/route-id.ts";

for (const { id, owner, namespace, name, isHttpRoute } of [
  { id: "shop/cart#0.1", owner: "shop/cart", namespace: "shop", name: "cart", isHttpRoute: false },
  { id: "HTTPRoute shop/cart#0.1", owner: "HTTPRoute shop/cart", namespace: "shop", name: "cart", isHttpRoute: true },
]) {
  test(`The id ${id} names its object`, () => {
    assert.equal(parseRouteOwner(id), owner);
    assert.equal(parseNamespace(id), namespace);
    assert.equal(parseNamespace(owner), namespace);
    assert.equal(parseOwnerName(id), name);
    assert.equal(isHttpRouteOwner(owner), isHttpRoute);
  });
}

test("The id of a backend has its namespace", () => {
  assert.equal(parseNamespace("shop/web:80"), "shop");
});

test("No other module takes the id of a route apart", () => {
  const files = ["src", "sync"].flatMap((folder) =>
    readdirSync(REPOSITORY + folder, { recursive: true, encoding: "utf8" })
      .map((file) => `${folder}/${file}`)
      .filter((file) => file.endsWith(".ts") && file !== ROUTE_ID_MODULE),
  );
  const takesApart = /\.split\((?:"#"|\/\[\/#\]\/)|startsWith\("HTTPRoute "\)/;
  assert.deepEqual(
    files.filter((file) => takesApart.test(readFileSync(REPOSITORY + file, "utf8"))),
    [],
  );
});
