import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { createIpMatcher, parseIpRange } from "../../src/rules/addresses.ts";

const bits = fc.integer({ min: 0, max: 128 });
const ipv4 = fc.ipV4();
const ipv6 = fc.oneof(
  // ipaddr.js takes "::192.0.2.1" for "::ffff:192.0.2.1"; Go, and so ingress-nginx, does not.
  fc.ipV6().filter((address) => !/^::\d+\./.test(address)),
  fc.ipV4().map((address) => `::ffff:${address}`),
);

/** What ipaddr.js says of an address in a range; one of IPv4 inside IPv6 is one of IPv4. */
function isInRange(address: string, range: string): boolean {
  const own = ipaddr.process(address);
  const [network, length] = ipaddr.parseCIDR(range);
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && length >= 96) {
    return own instanceof ipaddr.IPv4 && own.match(network.toIPv4Address(), length - 96);
  }
  return own.kind() === network.kind() && own.match(network as never, length);
}

test("A range contains the same addresses as in ipaddr.js", () => {
  const near = fc.tuple(fc.oneof(ipv4, ipv6), bits, fc.oneof(ipv4, ipv6), fc.boolean());
  fc.assert(
    fc.property(near, ([network, length, other, same]) => {
      const range = `${network}/${network.includes(":") ? length : length % 33}`;
      const address = same ? network : other;
      assert.equal(createIpMatcher([range])(address), isInRange(address, range), `${address} in ${range}`);
    }),
    { numRuns: 2000 },
  );
});

test("Addresses next to the end of a range are outside of it", () => {
  const isIn = createIpMatcher(["20.0.0.0/8", "2001:db8::/32", "192.0.2.7"]);
  for (const inside of ["20.0.0.0", "20.255.255.255", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "192.0.2.7"]) {
    assert.ok(isIn(inside), inside);
  }
  for (const outside of ["19.255.255.255", "21.0.0.0", "2001:db9::", "2001:db7:ffff::", "192.0.2.6", "", "x", "::"]) {
    assert.ok(!isIn(outside), outside);
  }
});

test("The range of all IPv6 addresses contains no IPv4 address", () => {
  assert.ok(!createIpMatcher(["::/0"])("192.0.2.1"));
  assert.ok(!createIpMatcher(["0.0.0.0/0"])("2001:db8::1"));
  assert.ok(createIpMatcher(["0.0.0.0/0"])("::ffff:192.0.2.1"));
});

test("Every address and range is accepted, and nothing else", () => {
  const pieces = fc.array(
    fc.constantFrom("0", "1", "01", "256", "ffff", "g", ".", ":", "::", "/", "8", "129", "%eth0"),
  );
  const texts = fc.oneof(
    pieces.map((parts) => parts.join("")),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4Extended(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const [, address = "", length] = /^([^/]*)(?:\/(\d+))?$/.exec(text) ?? [];
      const family = address.includes("%") ? 0 : isIP(address);
      const fits =
        length === undefined || (String(Number(length)) === length && Number(length) <= (family === 4 ? 32 : 128));
      assert.equal(parseIpRange(text).ok, family !== 0 && fits, text);
    }),
    { numRuns: 5000 },
  );
});
