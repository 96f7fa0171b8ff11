import type { SettingsOf } from "../../../src/rules/policies/index.ts";

export const SHOP_URL = "http://shop.example.com/a?b=c";

export const ANN_HEADERS = { Authorization: `Basic ${btoa("ann:s3cret")}` };

/** Settings of an authentication service. */
export const EXTERNAL_AUTH: NonNullable<SettingsOf<"authorization">["external"]> = {
  target: { via: "internet", origin: "https://auth.example.org", path: "/verify?from=$host" },
  redirect: "$request_uri",
  headers: [["X-Gate", "$request_method"]],
  responseHeaders: ["X-User"],
  alwaysSetsCookies: false,
};
