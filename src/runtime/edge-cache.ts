/** Texts in the cache of this Cloudflare location. */
export const edgeCache = {
  async get(name: string): Promise<string | undefined> {
    return (await caches.default.match(buildCacheUrl(name)))?.text();
  },
  async put(name: string, text: string, seconds: number): Promise<void> {
    const headers = { "Cache-Control": `max-age=${seconds}` };
    await caches.default.put(buildCacheUrl(name), new Response(text, { headers }));
  },
};

function buildCacheUrl(name: string): string {
  return `https://cache.edgress.invalid/${name}`;
}
