/** Tests of the conformance suite that cannot pass, each with the reason. */
export const SKIPPED_TESTS: Readonly<Record<string, string>> = {
  HTTPRouteHostnameIntersection:
    "One of its requests has port 1234 in Host, which the origin must see. Cloudflare derives Host from the URL that the " +
    "Worker fetches, so the port in Host is the port of the origin.",
};
