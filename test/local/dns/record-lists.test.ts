import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

describe("a list of records", () => {
  let zone: ZoneAccount;
  const list = async (query: string) => {
    const { result } = await zone.call(`GET ${zone.records}?${query}`);
    return result.map(({ name }: { name: string }) => name.replace(/\.?example\.com$/, "") || "@");
  };

  before(async () => {
    zone = await startZoneAccount();
    const records = [
      { type: "A", name: "app", content: "203.0.113.1", proxied: true, comment: "edgress a/app" },
      { type: "A", name: "app2", content: "203.0.113.2", comment: "EDGRESS A/APP" },
      { type: "CNAME", name: "www", content: "LB.example.org", proxied: true, tags: ["Team:Web", "blue"] },
      { type: "TXT", name: "app", content: "heritage=external-dns" },
    ];
    for (const record of records) assert.equal((await zone.create(record)).status, 200);
  });

  test("Filters of name, content and comment ignore case", async () => {
    assert.deepEqual(await list("name=APP.example.com"), ["app", "app"]);
    assert.deepEqual(await list("name.exact=App.Example.com&type=a"), ["app"]);
    assert.deepEqual(await list("name.startswith=APP"), ["app", "app2", "app"]);
    assert.deepEqual(await list("content.exact=lb.EXAMPLE.org"), ["www"]);
    assert.deepEqual(await list("content.contains=EXTERNAL"), ["app"]);
    assert.deepEqual(await list("comment.exact=edgress%20A/app"), ["app", "app2"]);
  });

  test("Filters of comments match a start, an end, a part, and presence", async () => {
    assert.deepEqual(await list("comment.startswith=edgress"), ["app", "app2"]);
    assert.deepEqual(await list("comment.endswith=/app"), ["app", "app2"]);
    assert.deepEqual(await list("comment.contains=s%20a"), ["app", "app2"]);
    assert.deepEqual(await list("comment.present="), ["app", "app2"]);
    assert.deepEqual(await list("comment.absent="), ["www", "app"]);
  });

  test("Filters of proxying, type and tags", async () => {
    assert.deepEqual(await list("proxied=true"), ["app", "www"]);
    assert.deepEqual(await list("type=TXT"), ["app"]);
    assert.deepEqual(await list("tag.present=TEAM"), ["www"]);
    assert.deepEqual(await list("tag.exact=team:web"), ["www"]);
    assert.deepEqual(await list("tag.absent=team&type=A"), ["app", "app2"]);
    assert.deepEqual(await list("tag.exact=team:x&tag.present=blue&tag_match=any"), ["www"]);
  });

  test("Filters are combined with and, or with or if match is any", async () => {
    assert.deepEqual(await list("type=A&proxied=true"), ["app"]);
    assert.deepEqual(await list("type=TXT&proxied=true&match=any"), ["app", "www", "app"]);
  });

  test("A search matches any text, in addition to the filters", async () => {
    assert.deepEqual(await list("search=EXTERNAL-DNS&match=any"), ["app"]);
    assert.deepEqual(await list("search=edgress&type=A"), ["app", "app2"]);
  });

  test("A list has 100 records a page, or as many as per_page", async () => {
    for (let i = 0; i < 100; i += 1) await zone.create({ type: "A", name: `many${i}`, content: "203.0.113.1" });
    assert.equal((await list("")).length, 100);
    assert.equal((await list("page=2")).length, 4);
    assert.equal((await list("per_page=5000")).length, 104);
    assert.equal((await zone.call(`GET ${zone.records}?per_page=0`)).status, 400);
  });

  test("A list is sorted by a field in both directions", async () => {
    assert.deepEqual((await list("order=name&per_page=3")).slice(0, 3), ["app", "app", "app2"]);
    assert.deepEqual(await list("order=name&direction=desc&per_page=1"), ["www"]);
  });
});

describe("a delegation by NS records", () => {
  let zone: ZoneAccount;
  const meta = async (query: string) => {
    const { result } = await zone.call(`GET ${zone.records}?${query}`);
    return Object.fromEntries(result.map(({ name, type, meta }: never) => [`${type} ${name}`, meta]));
  };
  let delegation: string;

  before(async () => {
    zone = await startZoneAccount();
    delegation = (await zone.create({ type: "NS", name: "sub", content: "ns1.sub.example.com" })).result.id;
    await zone.create({ type: "A", name: "app.sub", content: "203.0.113.1", proxied: true });
    await zone.create({ type: "A", name: "ns1.sub", content: "203.0.113.2" });
    await zone.create({ type: "A", name: "app", content: "203.0.113.1" });
  });

  test("Records at or below an NS record are stored, and show by which record they are shadowed", async () => {
    assert.deepEqual(await meta("include_shadow_metadata=true"), {
      "NS sub.example.com": { shadowed_records_count: 2 },
      "A app.sub.example.com": { shadowed_by: [delegation] },
      "A ns1.sub.example.com": { shadowed_by: [delegation], is_glue: true },
      "A app.example.com": {},
    });
  });

  test("Shadow metadata is shown only if the query asks for it", async () => {
    assert.deepEqual((await meta("name=app.sub.example.com"))["A app.sub.example.com"], {});
  });

  test("shadowing_name lists the NS records that hide a name, before the name exists", async () => {
    assert.deepEqual(Object.keys(await meta("shadowing_name=new.app.sub.example.com")), ["NS sub.example.com"]);
    assert.deepEqual(await meta("shadowing_name=new.example.com"), {});
    assert.equal((await zone.call(`GET ${zone.records}?shadowing_name=example.com`)).status, 400);
  });

  test("shadowed_by_name lists the records that a delegation hides", async () => {
    assert.deepEqual(Object.keys(await meta("shadowed_by_name=sub.example.com&include_shadow_metadata=true")), [
      "A app.sub.example.com",
      "A ns1.sub.example.com",
    ]);
  });
});
