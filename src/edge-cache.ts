import type { Cache } from "./exchange.ts";

/** Texts in the cache of this Cloudflare location. */
export const edgeCache: Cache = {
  async get(name) {
    return (await caches.default.match(urlOf(name)))?.text();
  },
  async put(name, text, seconds) {
    const headers = { "Cache-Control": `max-age=${seconds}` };
    await caches.default.put(urlOf(name), new Response(text, { headers }));
  },
};

function urlOf(name: string): string {
  return `https://kept.edgress.invalid/${name}`;
}
