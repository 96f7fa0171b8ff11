import type { TextCache } from "../request/exchange.ts";

/** Texts in the cache of this Cloudflare location. */
export const edgeCache: TextCache = {
  async get(name) {
    return (await caches.default.match(buildCacheUrl(name)))?.text();
  },
  async put(name, text, seconds) {
    const headers = { "Cache-Control": `max-age=${seconds}` };
    await caches.default.put(buildCacheUrl(name), new Response(text, { headers }));
  },
};

function buildCacheUrl(name: string): string {
  return `https://cache.edgress.invalid/${name}`;
}
