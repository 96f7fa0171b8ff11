import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Reason } from "../../sync/compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../sync/compile/diagnostics.ts";
import { buildLogRecord, createLogger, type Logger, logDiagnostic } from "../../sync/report/log.ts";

const SECRET = "s3cr3t-value-of-0123456789";

/** Returns the output of a log. */
function captureLog(write: (log: Logger) => void, secrets: string[] = []): string {
  const lines: string[] = [];
  write(createLogger({ level: "info", secrets }, { write: (line) => lines.push(line) }));
  return lines.join("");
}

function buildDiagnostic(reason: Reason): Diagnostic {
  return {
    object: "Ingress shop/cart",
    source: "shop.yaml:3",
    field: "spec.rules[0].host",
    reason,
    problem: 'the host is "a b"',
    remedy: "correct it",
  };
}

describe("the log", () => {
  test("A log line cannot carry an escape sequence or text that is written backwards to a terminal", () => {
    const line = captureLog((log) => log.info({ namespace: "\u009b31m" }, "published \u202egnp"));
    assert.doesNotMatch(line, /[\u0080-\u009f\u202e]/);
    assert.equal(JSON.parse(line).msg, "published \u202egnp");
  });

  test("A log line is JSON with the time and the name of the level", () => {
    const line = captureLog((log) => log.info({ generation: 12 }, "published"));
    const { time, ...rest } = JSON.parse(line);
    assert.deepEqual(rest, { level: "info", generation: 12, msg: "published" });
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(line.endsWith("}\n"));
  });

  test("A line below the log level is not written", () => {
    assert.equal(
      captureLog((log) => log.debug("x")),
      "",
    );
  });

  test("A diagnostic is logged with its fields, at the level of its severity", () => {
    const { time, ...rest } = JSON.parse(captureLog((log) => logDiagnostic(log, buildDiagnostic("InvalidHost"))));
    assert.ok(time);
    assert.deepEqual(rest, {
      level: "error",
      object: "Ingress shop/cart",
      field: "spec.rules[0].host",
      reason: "InvalidHost",
      problem: 'the host is "a b"',
      remedy: "correct it",
      msg: 'error Ingress shop/cart spec.rules[0].host: the host is "a b"; correct it (InvalidHost, shop.yaml:3)',
    });
    assert.equal(buildLogRecord(buildDiagnostic("PathConflict")).level, "warn");
    assert.equal(buildLogRecord(buildDiagnostic("PartiallySupported")).level, "info");
  });

  test("An error is logged as its message and the messages of its causes", () => {
    const error = Object.assign(new Error("fetch failed", { cause: new Error("connect ECONNREFUSED") }), {
      headers: { date: "today" },
    });
    const { err, msg, time, ...rest } = JSON.parse(captureLog((log) => log.error({ err: error }, "sync failed")));
    assert.ok(time);
    assert.deepEqual([err, msg, rest], ["fetch failed: connect ECONNREFUSED", "sync failed", { level: "error" }]);
    const aggregateError = new AggregateError([new Error("connect ::1"), new Error("connect 127.0.0.1")]);
    assert.match(
      captureLog((log) => log.error({ problem: aggregateError })),
      /"problem":"Error: connect ::1; Error: connect 127\.0\.0\.1"/,
    );
  });
});

describe("secrets in the log", () => {
  const places: Record<string, (log: Logger) => void> = {
    "a field": (log) => log.info({ token: SECRET }),
    "a field of a longer name": (log) =>
      log.info({ apiToken: SECRET, EDGRESS_SIGNING_KEY: SECRET, privateKey: SECRET }),
    "a nested field": (log) => log.info({ a: { b: [{ c: { password: SECRET, Cookie: SECRET } }] } }),
    "the headers of a request": (log) =>
      log.info({ request: { headers: { authorization: `Bearer ${SECRET}`, "X-Auth-Key": SECRET } } }),
    "a Secret object": (log) =>
      log.info({ object: { kind: "Secret", data: { "tls.crt": SECRET }, stringData: SECRET } }),
    "the fields of a child logger": (log) => log.child({ clientSecret: SECRET }).info("x"),
    "the message": (log) => log.info(`asked with Authorization: Bearer ${SECRET}`),
    "a header in the message": (log) => log.info(`asked with "x-auth-key": "${SECRET}"`),
    "basic credentials": (log) => log.info(`Authorization: Basic ${SECRET}`),
    "a formatted message": (log) => log.info("asked with %j", { header: `Bearer ${SECRET}` }),
    "a URL in the message": (log) => log.info(`asked https://someone:${SECRET}@example.com/`),
    "the query of a URL": (log) => log.info(`asked https://example.com/?a=b&api_token=${SECRET}&c=d`),
    "the message of an error": (log) => log.error(new Error(`refused: Bearer ${SECRET}`)),
    "a field of an error": (log) => log.error({ err: Object.assign(new Error("x"), { request: { a: SECRET } }) }),
    "the stack of an error": (log) => log.error(Object.assign(new Error("x"), { stack: SECRET })),
    "a private key": (log) => log.info(`-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`),
  };
  for (const [place, write] of Object.entries(places)) {
    test(`A secret in ${place} is redacted`, () => {
      const line = captureLog(write);
      JSON.parse(line);
      assert.doesNotMatch(line, new RegExp(SECRET));
    });
  }

  test("Bytes are redacted", () => {
    const { bytes } = JSON.parse(captureLog((log) => log.info({ bytes: new TextEncoder().encode(SECRET) })));
    assert.equal(bytes, "[redacted]");
  });

  test("A configured secret is redacted everywhere", () => {
    const line = captureLog((log) => log.info({ [SECRET]: `it is ${SECRET}, no?` }, `and ${SECRET}`), [SECRET]);
    assert.doesNotMatch(line, new RegExp(SECRET));
    assert.match(line, /"\[redacted\]":"it is \[redacted\], no\?","msg":"and \[redacted\]"/);
  });

  test("A ServiceAccount token is redacted", () => {
    const line = captureLog((log) => log.info("got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrOHMifQ.c2lnbmF0dXJl back"));
    assert.match(line, /"msg":"got \[redacted\] back"/);
  });

  test("A text without a secret is not redacted", () => {
    const line = captureLog((log) =>
      log.info(
        { object: "Secret shop/users", reason: "TLSSecretNotFound" },
        "there is no Secret shop/tls: bearer of none",
      ),
    );
    assert.match(line, /"object":"Secret shop\/users","reason":"TLSSecretNotFound"/);
    assert.match(line, /"msg":"there is no Secret shop\/tls: bearer of none"/);
  });
});
