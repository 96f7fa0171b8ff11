import * as z from "zod/mini";
import { CATCH_ALL_HOST, findZone } from "../hosts.ts";
import { SubrequestTarget } from "../subrequest-target.ts";
import { template, text, word } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

const TARGET_REMEDY = "correct it; until then no copy is sent";

/** Who gets a copy of every request. */
export const mirror = definePolicy({
  name: "mirror",
  scope: "route",
  settings: z.strictObject({
    target: SubrequestTarget,
    body: z.boolean(),
    host: z.optional(z.string()), // that the copy is asked with
  }),
  annotations: {
    "mirror-target": template(
      {
        doc: "Sends a copy of every request there. What comes of it is ignored.",
        example: "http://shadow.default.svc:8080$request_uri",
        support: "partial",
        difference:
          "Cookie and Authorization go to Services only, not to other hosts. Of a body that the copy takes too slowly, 1 MiB is kept; beyond that the copy is given up, and the request goes on. Host is the client's.",
      },
      /^https?:\/\/[^\s"'<>\\^`]+$/,
      'a URL such as "http://shadow.default.svc:8080$request_uri"',
    ),
    "mirror-request-body": word({ doc: "Whether the copy has the body.", example: "off", default: "on" }, [
      "on",
      "off",
    ]),
    "mirror-host": text(
      {
        doc: "The Host of the copy.",
        example: "shadow.example.com",
        defaultText: "the client's",
        support: "partial",
        difference: "Only a name in the zone of the client's host can be had, and only for a Service.",
      },
      /^[-._a-zA-Z0-9]+$/,
      "a DNS name",
    ),
  },
  fromAnnotations(values, context) {
    const url = values["mirror-target"];
    if (url === undefined) return undefined;
    const target = context.resolveTarget(url);
    if (!target.ok) return context.warn("mirror-target", target.problem, TARGET_REMEDY);
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
  const remedy = "name a host in the same zone, or have the mirror take the client's";
  if (target.via !== "backend") return context.warn("mirror-host", "only a Service is asked with another Host", remedy);
  const zone = findZone(host, context.zones);
  if (context.host !== CATCH_ALL_HOST && zone !== undefined && zone === findZone(context.host, context.zones))
    return host;
  return context.warn("mirror-host", `${host} is not in the zone of ${context.host}; the client's Host stays`, remedy);
}
