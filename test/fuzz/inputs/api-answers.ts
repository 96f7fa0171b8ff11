import fc from "fast-check";
import { hostileValue } from "./mutations.ts";

/** Bytes that a server writes, and the end of its connection. */
export interface ScriptedAnswer {
  readonly bytes: string;
  readonly end: "close" | "reset" | "hang";
}

const LISTED = ["one", "two", "three"];

/** An Ingress as the API server sends it. */
export function buildIngress(name: string, resourceVersion = "5"): object {
  return { metadata: { namespace: "shop", name, uid: name, resourceVersion }, spec: {} };
}

/** The answer to a list, with these names. */
export function buildList(names: readonly string[], fields: object = {}): object {
  const items = names.map((name) => buildIngress(name));
  return {
    kind: "IngressList",
    apiVersion: "networking.k8s.io/v1",
    metadata: { resourceVersion: "5" },
    items,
    ...fields,
  };
}

/** Returns the bytes of an answer with a JSON body. */
export function formatAnswer(body: unknown, status = "200 OK", headers: readonly string[] = []): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const lines = ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(text)}`, ...headers];
  return `HTTP/1.1 ${status}\r\n${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${text}`;
}

const completeList = JSON.stringify(buildList(LISTED.slice(0, 1)));
const STATUS = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "broken", code: 500 };

/** Lists that are not complete, not lists, or of other types. Each must be refused. */
const brokenLists = fc.oneof(
  fc.nat(completeList.length - 1).map((length) => formatAnswer(completeList.slice(0, length))),
  fc
    .constantFrom<unknown>(
      ...["", "null", "[]", "7", "<html>proxy</html>", "{}", STATUS, { ...STATUS, metadata: { resourceVersion: "9" } }],
      { kind: "Table", metadata: { resourceVersion: "9" }, rows: [] },
      ...["x", 7, {}, true, [null], [{}], [7], [{ metadata: {} }], [{ metadata: { name: 7 } }]].map((items) =>
        buildList([], { items }),
      ),
      ...[null, {}, { resourceVersion: 7 }, { resourceVersion: null }, []].map((metadata) =>
        buildList([], { metadata }),
      ),
      buildList([], { metadata: { resourceVersion: "9", remainingItemCount: 3 } }),
      buildList(["four"], { metadata: { resourceVersion: "9", continue: "next" } }), // whose next page fails or repeats
      buildList(["four"], { items: [buildIngress("four"), null] }),
    )
    .map((body) => formatAnswer(body)),
  fc
    .tuple(
      fc.constantFrom(
        "400 Bad",
        "401 No",
        "403 No",
        "404 No",
        "410 Gone",
        "429 Slow",
        "500 Oops",
        "503 Busy",
        "204 Empty",
      ),
      hostileValue,
    )
    .map(([status, body]) => formatAnswer(status.startsWith("204") ? "" : body, status)),
  fc
    .constantFrom("301 Moved", "302 Found", "307 Again")
    .map((status) => formatAnswer(buildList([]), status, ["Location: http://127.0.0.1:1/"])),
  fc.constantFrom(
    ...[
      "",
      "HTTP/1.1",
      "HTTP/1.1 200 OK\r\n\r\n",
      "garbage\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}",
    ],
    ...["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"],
    formatAnswer(buildList([]), "200 OK", ["Transfer-Encoding: chunked"]),
    `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(3000)}\r\n`,
  ),
);

const events = fc
  .oneof(
    fc.constantFrom<unknown>(
      ...["", "{", "null", "[]", "7", '"a"', "garbage", "<html>", "\u0000", '{"type":"ADDED"}', "{}{}", "\r"],
      ...["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "OTHER"].flatMap((type) =>
        [undefined, null, {}, { metadata: {} }, { metadata: { name: 7, resourceVersion: "6" } }, STATUS, "x"].map(
          (object) => ({
            type,
            object,
          }),
        ),
      ),
      ...[410, 500, "410", null].map((code) => ({ type: "ERROR", object: { ...STATUS, code } })),
      ...LISTED.map((name) => ({ type: "MODIFIED", object: { ...buildIngress(name, "7"), spec: 7 } })),
      { type: "MODIFIED", object: { ...buildIngress("one", "8"), metadata: { name: "one", namespace: "shop" } } },
      { type: "DELETED", object: { metadata: { namespace: "shop", name: "one" } } }, // without resourceVersion
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "" } } },
    ),
    fc
      .tuple(fc.constantFrom("MODIFIED", "BOOKMARK", "ERROR"), hostileValue)
      .map(([type, object]) => ({ type, object })),
  )
  .map((event) => (typeof event === "string" ? event : JSON.stringify(event)));

const brokenWatches = fc
  .tuple(fc.array(events, { maxLength: 4 }), fc.constantFrom("\n", "", "\r\n", "\n\n"), fc.nat(3))
  .map(([lines, end, huge]) => {
    const body = lines.join("\n") + end + (huge === 0 ? `{"type":"ADDED","object":"${"x".repeat(3_000_000)}` : "");
    return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${body}`;
  });

const ends = fc.constantFrom(..."close close close close reset reset hang".split(" ")) as fc.Arbitrary<
  ScriptedAnswer["end"]
>;
const toAnswer = (bytes: fc.Arbitrary<string>) => fc.record({ bytes, end: ends });

/** Answers of a broken API server to lists and watches. None of them deletes an object. */
export const answerScript = fc.record({
  lists: fc.array(toAnswer(brokenLists), { maxLength: 3 }),
  watches: fc.array(toAnswer(fc.oneof({ weight: 3, arbitrary: brokenWatches }, brokenLists)), {
    minLength: 1,
    maxLength: 4,
  }),
});
export { LISTED as LISTED_NAMES };
