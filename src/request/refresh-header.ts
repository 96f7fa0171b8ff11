/** Splits a Refresh header such as `5; url=/next` before its URL. Both parts are empty if it has none. */
export function splitRefresh(header: string): { refreshPrefix: string; url: string } {
  const start = header.search(/url=/i);
  if (start < 0) return { refreshPrefix: "", url: "" };
  const urlStart = start + "url=".length;
  return { refreshPrefix: header.slice(0, urlStart), url: header.slice(urlStart) };
}
