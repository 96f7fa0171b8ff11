import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createOriginChecker } from "../../sync/compile/backends/origin-permits.ts";
import { ALLOW_ALL, DEFAULT_PERMITS, type Permits } from "../../sync/permits/model.ts";
import { parsePermits } from "../../sync/permits/parse.ts";

function parseValidPermits(text: string): Permits {
  const result = parsePermits(text);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

describe("an origin", () => {
  const services = parseCluster([
    buildServiceObject("one", { clusterIP: "203.0.113.5", clusterIPs: ["203.0.113.5", "2001:db8::5"] }),
    buildServiceObject("two", { clusterIP: "None", clusterIPs: ["None"] }),
    buildServiceObject("three", { clusterIP: "203.0.113.6" }),
    buildServiceObject("four", {}),
  ]).services;

  function buildServiceObject(name: string, spec: object) {
    return { object: { apiVersion: "v1", kind: "Service", metadata: { name }, spec }, source: name };
  }

  test("An origin cannot be the cluster IP of a Service, in any spelling", () => {
    assert.deepEqual(
      services.map(({ clusterIPs }) => clusterIPs),
      [["203.0.113.5", "2001:db8::5"], [], ["203.0.113.6"], []],
    );
    const listedPermits = parseValidPermits(
      'origins: [{ namespaces: ["*"], addresses: [203.0.113.0/24, "2001:db8::/32"] }]',
    );
    for (const { origins } of [DEFAULT_PERMITS, listedPermits]) {
      const checkOrigin = createOriginChecker(origins, services).checkOrigin;
      for (const address of ["203.0.113.5", "203.0.113.6", "2001:db8::5", "::ffff:cb00:7105"]) {
        assert.equal(checkOrigin("shop", address), "cluster IP of a Service", address);
      }
      assert.equal(checkOrigin("shop", "203.0.113.7"), undefined);
    }
  });

  test("An origin may be any public address by default, documentation ranges included", () => {
    const checkOrigin = createOriginChecker(DEFAULT_PERMITS.origins, services).checkOrigin;
    for (const address of [
      ...["203.0.113.10", "198.51.100.1", "192.0.2.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"],
      ...["192.167.255.255", "192.169.0.0", "169.253.255.255", "100.63.255.255", "100.128.0.0", "223.255.255.255"],
      ...["2001:db8::1", "2a00:1450:4001::1", "fbff::1", "lb.example.net", "a-1.eu.elb.example.org"],
    ]) {
      assert.equal(checkOrigin("shop", address), undefined, address);
    }
  });

  test("An origin cannot be an internal address by default", () => {
    const checkOrigin = createOriginChecker(DEFAULT_PERMITS.origins, services).checkOrigin;
    for (const address of [
      ...["127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "169.254.169.254", "10.0.0.0", "172.16.0.0"],
      ...["172.31.255.255", "192.168.255.255", "100.64.0.0", "100.127.255.255", "224.0.0.1", "239.255.255.255"],
      ...[
        "255.255.255.255",
        "168.63.129.16",
        "192.0.0.192",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fc00::1",
        "fd00:ec2::254",
      ],
      ...["ff02::1", "::ffff:7f00:1", "::ffff:a00:1", "::7f00:1", "64:ff9b::a00:1", "2002:a00:1::"],
      ...[
        "localhost",
        "x.localhost",
        "db.local",
        "metadata.google.internal",
        "web.shop.svc",
        "web.shop.svc.cluster.local",
      ],
      ...["router", "127.1", "0177.0.0.1", "0x7f.1", "edgress-0123456789abcdef01234567.example.com"],
    ]) {
      assert.notEqual(checkOrigin("shop", address), undefined, address);
    }
  });

  test("An origin cannot be an address that Cloudflare rejects for a proxied record by default", () => {
    const checkOrigin = createOriginChecker(DEFAULT_PERMITS.origins, services).checkOrigin;
    for (const address of [
      ...["1.1.1.1", "1.0.0.1", "104.16.0.1", "104.27.255.255", "172.64.0.1", "162.159.255.255", "188.114.97.3"],
      ...["2606:4700::1111", "2400:cb00::1", "2a06:98c7::1", "::ffff:203.0.113.10", "::ffff:cb00:710a"],
      ...[
        "198.18.0.1",
        "198.19.255.255",
        "2001::1",
        "2001:0:cb00:710a::1",
        "::ffff:0:203.0.113.10",
        "::ffff:0:cb00:710a",
      ],
      ...["192.88.99.1", "100::1"],
    ]) {
      assert.notEqual(checkOrigin("shop", address), undefined, address);
    }
    for (const address of ["1.1.2.1", "104.28.0.1", "198.17.255.255", "198.20.0.0", "2001:200::1", "172.72.0.1"])
      assert.equal(checkOrigin("shop", address), undefined, address);
  });

  test("An origin must be in the permits of its namespace, if permits list origins", () => {
    const { origins } = parseValidPermits(`
origins:
  - { namespaces: [shop], addresses: [10.0.0.0/8, "*.elb.example.org"] }
  - { namespaces: ["*"], addresses: [203.0.113.7] }
`);
    const checkOrigin = createOriginChecker(origins, services).checkOrigin;
    const allowedAddresses = ["10.1.2.3", "a.elb.example.org", "203.0.113.7", "::ffff:10.1.2.3"];
    assert.deepEqual(
      allowedAddresses.map((address) => checkOrigin("shop", address)),
      [undefined, undefined, undefined, undefined],
    );
    for (const address of [
      "203.0.113.8",
      "elb.example.org",
      "::1",
      "edgress-0123456789abcdef01234567.elb.example.org",
    ]) {
      assert.notEqual(checkOrigin("shop", address), undefined, address);
    }
    assert.equal(checkOrigin("other", "10.1.2.3"), "not in the origin permits of namespace other");
  });

  test("An origin may be any address if all are permitted", () => {
    const checkOrigin = createOriginChecker(ALLOW_ALL.origins, services).checkOrigin;
    for (const address of ["127.0.0.1", "203.0.113.5", "localhost.local"])
      assert.equal(checkOrigin("shop", address), undefined);
  });
});
