import * as z from "zod/mini";
import { flag, integer, template, text, word } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

export const ClientCertificateSettings = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("verified"),
    verify: z.enum(["on", "off", "optional", "optional_no_ca"]),
    passes: z.boolean(), // the certificate itself to the origin
    subject: z.optional(z.string()), // an expression that the subject must fit
    errorPage: z.optional(z.string()),
  }),
  // Nobody is let in: what clients would be verified with is not there.
  z.strictObject({ type: z.literal("denied"), reason: z.string() }),
]);

const VERIFICATION_DIFFERENCE =
  "Cloudflare verifies certificates, for the hosts and with the certificate authority that are set there.";

const annotations = {
  "auth-tls-secret": text(
    {
      doc: "Asks clients of the host for a certificate, over https. The Secret must hold `ca.crt`; if it is missing the host answers 403.",
      example: "default/client-ca",
      support: "partial",
      difference: VERIFICATION_DIFFERENCE,
      guards: true,
    },
    /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/,
    'a Secret such as "namespace/name"',
  ),
  "auth-tls-verify-client": word(
    {
      doc: "Whether a certificate must be there (`on`), must be good if it is there (`optional`), or only not be broken (`optional_no_ca`); else 400.",
      example: "optional",
      default: "on",
      support: "partial",
      difference: VERIFICATION_DIFFERENCE,
    },
    ["on", "off", "optional", "optional_no_ca"],
  ),
  "auth-tls-verify-depth": integer(
    {
      doc: "Length of the client's certificate chain.",
      example: "2",
      default: "1",
      support: "ignored",
      difference: "The depth is Cloudflare's.",
    },
    0,
  ),
  "auth-tls-error-page": template(
    {
      doc: "Where clients are sent with 302 in place of 400.",
      example: "https://example.com/no-certificate",
      guards: true,
    },
    /^(?:https?:\/\/|\/)[^\s"<>\\^`|]*$/,
    'a URL or path such as "https://example.com/no-certificate"',
  ),
  "auth-tls-pass-certificate-to-upstream": flag({
    doc: "Gives the origin the certificate in `ssl-client-cert`, as PEM, percent-encoded.",
    example: "true",
    default: "false",
    support: "partial",
    difference: "A certificate that is too large for Cloudflare to hand on (10 KB) is left out.",
    guards: true,
  }),
  "auth-tls-match-cn": text(
    {
      doc: "An expression that the certificate's subject must fit; else 403.",
      example: "CN=client-[0-9]+",
      guards: true,
    },
    /^CN=.+$/,
    'an expression for the subject such as "CN=client-[0-9]+"',
  ),
};

/** Who may call a host, by certificate. The oldest Ingress of a host that asks for it decides. */
export const clientCertificate = /* @__PURE__ */ definePolicy({
  name: "clientCertificate",
  doc: "Requires a client certificate for a host.",
  scope: "host",
  protects: true,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "own-paths", reportedFor: ["auth-tls-secret"] },
  regexPaths: "never",
  furtherHosts: "none",
  settings: ClientCertificateSettings,
  annotations,
  fromAnnotations(values, context): z.infer<typeof ClientCertificateSettings> | undefined {
    const name = values["auth-tls-secret"];
    if (name === undefined) return undefined;
    const secret = context.readSecret(name);
    if (!secret.ok) return denyAll(context, "auth-tls-secret", secret.problem, CREATE_SECRET_REMEDY);
    if (secret.value["ca.crt"] === undefined) {
      return denyAll(context, "auth-tls-secret", `Secret ${name} has no key "ca.crt"`, CREATE_SECRET_REMEDY);
    }
    const expression = values["auth-tls-match-cn"];
    const subject = expression === undefined ? undefined : context.translateRegex(expression);
    if (subject && !subject.ok) return denyAll(context, "auth-tls-match-cn", subject.problem, "write it more simply");
    context.warn(
      "auth-tls-secret",
      "certificates are verified by Cloudflare, not with this Secret",
      ENABLE_MTLS_REMEDY,
    );
    if ((values["auth-tls-verify-depth"] ?? 1) !== 1) {
      context.warn("auth-tls-verify-depth", "the depth is Cloudflare's and cannot be set", "remove it");
    }
    const errorPage = values["auth-tls-error-page"];
    return {
      type: "verified",
      verify: values["auth-tls-verify-client"] ?? "on",
      passes: values["auth-tls-pass-certificate-to-upstream"] ?? false,
      ...(subject && { subject: subject.value }),
      ...(errorPage !== undefined && { errorPage }),
    };
  },
});

const ENABLE_MTLS_REMEDY =
  "enable mTLS for the host and upload its certificate authority in the zone's SSL/TLS settings; until then clients have no certificate";

const CREATE_SECRET_REMEDY = "create it, or correct the name";

/** Not `close`: where an older Ingress of the host decides, this one's mistake must cost it nothing. */
function denyAll(
  context: PolicyContext,
  annotation: string,
  reason: string,
  remedy: string,
): z.infer<typeof ClientCertificateSettings> {
  context.deny(annotation, reason, remedy);
  return { type: "denied", reason };
}
