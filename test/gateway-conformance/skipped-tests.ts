/** Tests of the conformance suite that cannot pass, each with the reason. */
export const SKIPPED_TESTS: Readonly<Record<string, string>> = {};
