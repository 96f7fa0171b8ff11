/**
 * Calls in 5 minutes. A test file makes more than the 1,200 of Cloudflare, and the client would wait up to 15 s before each
 * further call.
 */
export const RAISED_CALL_LIMIT = 1_000_000;
