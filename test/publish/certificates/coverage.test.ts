import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type CertificateState,
  certificateCovers,
  findUncoveredHosts,
} from "../../../sync/publish/certificates/coverage.ts";

const UNIVERSAL = { hosts: ["example.com", "*.example.com"], status: "active" };

/** Returns the issue of one host: "CertificatePending: …". */
function check(host: string, certificates: Partial<CertificateState> = {}): string | undefined {
  const state = { packs: [UNIVERSAL], hasTotalTls: false, ...certificates };
  const [issue] = findUncoveredHosts("example.com", [{ host, ingresses: ["default/shop"] }], state);
  return issue && `${issue.reason}: ${issue.problem}; ${issue.remedy}`;
}

describe("certificate coverage", () => {
  test("Universal SSL covers the zone and one label below it", () => {
    for (const host of ["example.com", "shop.example.com", "*.example.com"]) assert.equal(check(host), undefined);
    assert.equal(
      check("a.b.example.com"),
      "CertificateNotCovered: no certificate of zone example.com covers a.b.example.com; Universal SSL covers example.com and one label below it; https fails; turn on Total TLS, order a certificate with Advanced Certificate Manager, or use --upload-certificates",
    );
  });

  test("A certificate that is being issued is pending, and a timed-out one does not cover", () => {
    const pack = (status: string) => ({ packs: [UNIVERSAL, { hosts: ["*.b.example.com"], status }] });
    assert.match(
      check("a.b.example.com", pack("pending_validation")) ?? "",
      /^CertificatePending: .* status is pending_validation;/,
    );
    assert.match(
      check("a.b.example.com", pack("validation_timed_out")) ?? "",
      /^CertificateNotCovered: .* validation_timed_out; https fails; restart/,
    );
    assert.equal(check("a.b.example.com", pack("active")), undefined);
    assert.match(check("a.b.example.com", pack("expired")) ?? "", /^CertificateNotCovered: no certificate/);
  });

  test("Total TLS orders certificates of hosts, but not of wildcards or long names", () => {
    const totalTls = { hasTotalTls: true };
    assert.match(check("a.b.example.com", totalTls) ?? "", /^CertificatePending: .* Total TLS orders it;/);
    assert.match(check("*.b.example.com", totalTls) ?? "", /^CertificateNotCovered:/);
    assert.match(check(`${"a".repeat(60)}.b.example.com`, totalTls) ?? "", /^CertificateNotCovered:/);
  });

  test("A zone without Universal SSL names that remedy", () => {
    assert.match(
      check("shop.example.com", { packs: [] }) ?? "",
      /; turn on Universal SSL for the zone, or order a certificate$/,
    );
  });

  test("The wildcard of a Gateway names the hosts that a certificate for one label does not cover", () => {
    const state = { packs: [UNIVERSAL], hasTotalTls: false };
    const find = (host: string) =>
      findUncoveredHosts("example.com", [{ host, ingresses: ["HTTPRoute web/shop"], isDeep: true }], state);
    assert.deepEqual(find("*.example.com"), [
      {
        host: "*.example.com",
        reason: "CertificateCoversOneLabel",
        problem:
          "certificates for *.example.com cover one label; https of names with more labels, such as a.b.example.com, fails without a certificate for *.b.example.com",
        remedy: "use names with one label, or order a certificate for each further level",
        ingresses: ["HTTPRoute web/shop"],
      },
    ]);
    assert.equal(find("*.b.example.com")[0]?.reason, "CertificateNotCovered");
  });

  test("A wildcard of a certificate covers one label, in any case", () => {
    assert.deepEqual(
      ["a.example.com", "A.B.example.com", "example.com", "*.example.com"].map((host) =>
        certificateCovers("*.Example.com", host),
      ),
      [true, false, false, true],
    );
  });
});
