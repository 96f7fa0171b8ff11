import * as z from "zod/mini";
import { CATCH_ALL_HOST, findZone } from "../hosts.ts";
import { SubrequestTarget } from "../subrequest-target.ts";
import { template, text, word } from "./annotation-types.ts";
import { mayNameHost } from "./permitted-host.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

const TARGET_REMEDY = "correct the URL; until then no copy is sent";

export const MirrorSettings = z.strictObject({
  target: SubrequestTarget,
  body: z.boolean(),
  host: z.optional(z.string()), // the Host header of the copy
});

const annotations = {
  "mirror-target": template(
    {
      doc: "Send a copy of every request to this URL. Its response is ignored.",
      example: "http://shadow.default.svc:8080$request_uri",
      default: "none",
      support: "partial",
      difference:
        "Only Services, and hosts of the same namespace, get `Cookie` and `Authorization`. A copy more than 1 MiB behind the request is aborted. The default `Host` is the client's.",
    },
    /^https?:\/\/[^\s"'<>\\^`]+$/,
    'a URL such as "http://shadow.default.svc:8080$request_uri"',
  ),
  "mirror-request-body": word({ doc: "Send the request's body with the copy.", example: "off", default: "on" }, [
    "on",
    "off",
  ]),
  "mirror-host": text(
    {
      doc: "`Host` header of the copy.",
      example: "shadow.example.com",
      default: "$http_host",
      support: "partial",
      difference:
        "Only a name in the zone of the client's host that the namespace may claim is allowed, and only for a Service.",
    },
    /^[-._a-zA-Z0-9]+$/,
    "a DNS name",
  ),
};

/** Sends a copy of every request to another URL. */
export const mirror = /* @__PURE__ */ definePolicy({
  name: "mirror",
  doc: "Sends a copy of every request to another URL.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: MirrorSettings,
  annotations,
  fromAnnotations(values, context) {
    const url = values["mirror-target"];
    if (url === undefined) return undefined;
    const target = context.resolveTarget("mirror-target", url);
    if (!target.ok) return context.warn("mirror-target", target.problem, target.remedy ?? TARGET_REMEDY);
    const body = values["mirror-request-body"] !== "off";
    const host = resolveMirrorHost(values["mirror-host"]?.toLowerCase(), target.value, context);
    return { target: target.value, body, ...(host !== undefined && { host }) };
  },
});

function resolveMirrorHost(
  host: string | undefined,
  target: SubrequestTarget,
  context: PolicyContext,
): string | undefined {
  if (host === undefined) return undefined;
  const remedy = "set a host in the same zone, or let the mirror accept the client's Host";
  if (target.via !== "backend") return context.warn("mirror-host", "only a Service can get another Host", remedy);
  if (!mayNameHost(host, context.host, context.wholeHosts)) return context.refuseHost("mirror-host", host);
  const zone = findZone(host, context.zones);
  if (context.host !== CATCH_ALL_HOST && zone !== undefined && zone === findZone(context.host, context.zones))
    return host;
  return context.warn(
    "mirror-host",
    `${host} is not in the zone of ${context.host}; the client's Host is sent`,
    remedy,
  );
}
