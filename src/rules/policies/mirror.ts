import * as z from "zod/mini";
import { ANY_HOST, zoneOf } from "../hosts.ts";
import { Target } from "../target.ts";
import { definePolicy, type Place } from "./define.ts";
import { template, text, word } from "./kinds.ts";

const REMEDY = "correct it; until then no copy is sent";

/** Who gets a copy of every request. */
export const mirror = definePolicy({
  name: "mirror",
  scope: "route",
  settings: z.strictObject({
    target: Target,
    body: z.boolean(),
    host: z.optional(z.string()), // that the copy is asked with
  }),
  annotations: {
    "mirror-target": template(
      {
        doc: "Sends a copy of every request there. What comes of it is ignored.",
        example: "http://shadow.default.svc:8080$request_uri",
        nearness: "near",
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
        default: "the client's",
        nearness: "near",
        difference: "Only a name in the zone of the client's host can be had, and only for a Service.",
      },
      /^[-._a-zA-Z0-9]+$/,
      "a DNS name",
    ),
  },
  fromAnnotations(values, place) {
    const url = values["mirror-target"];
    if (url === undefined) return undefined;
    const target = place.target(url);
    if (!target.ok) return place.warn("mirror-target", target.problem, REMEDY);
    const body = values["mirror-request-body"] !== "off";
    const host = hostOf(values["mirror-host"]?.toLowerCase(), target.value, place);
    return { target: target.value, body, ...(host !== undefined && { host }) };
  },
});

function hostOf(host: string | undefined, target: Target, place: Place): string | undefined {
  if (host === undefined) return undefined;
  const remedy = "name a host in the same zone, or have the mirror take the client's";
  if (target.via !== "backend") return place.warn("mirror-host", "only a Service is asked with another Host", remedy);
  const zone = zoneOf(host, place.zones);
  if (place.host !== ANY_HOST && zone !== undefined && zone === zoneOf(place.host, place.zones)) return host;
  return place.warn("mirror-host", `${host} is not in the zone of ${place.host}; the client's Host stays`, remedy);
}
