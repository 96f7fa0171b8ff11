import * as z from "zod/mini";
import { flag, integer, template, text, word } from "./annotation-types.ts";
import { type AnnotationValues, definePolicy, type PolicyContext } from "./policy.ts";

export const ClientCertificateSettings = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("verified"),
    verify: z.enum(["on", "off", "optional", "optional_no_ca"]),
    passes: z.boolean(), // whether the origin gets the certificate
    subject: z.optional(z.string()), // a regex that the subject must match
    errorPage: z.optional(z.string()),
  }),
  // All clients are rejected, because the Secret or the regex is unusable.
  z.strictObject({ type: z.literal("denied"), reason: z.string() }),
]);

const VERIFICATION_DIFFERENCE =
  "Cloudflare verifies certificates, with the hosts and the certificate authority that are configured there.";

const annotations = {
  "auth-tls-secret": text(
    {
      doc: "Require a client certificate for the host, and redirect http to https. The Secret must contain `ca.crt`; otherwise the host answers 403.",
      example: "default/client-ca",
      default: "none",
      support: "partial",
      difference: VERIFICATION_DIFFERENCE,
      guards: true,
    },
    /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/,
    'a Secret such as "namespace/name"',
  ),
  "auth-tls-verify-client": word(
    {
      doc: "Whether a certificate is required (`on`), verified if present (`optional`), or accepted from any authority (`optional_no_ca`). Otherwise 400.",
      example: "optional",
      default: "on",
      support: "partial",
      difference: VERIFICATION_DIFFERENCE,
    },
    ["on", "off", "optional", "optional_no_ca"],
  ),
  "auth-tls-verify-depth": integer(
    {
      doc: "Maximum length of the client's certificate chain.",
      example: "2",
      default: "1",
      support: "ignored",
      difference: "Cloudflare sets the depth.",
    },
    0,
  ),
  "auth-tls-error-page": template(
    {
      doc: "Redirect clients without a valid certificate to this URL or path with 302, instead of 400.",
      example: "https://example.com/no-certificate",
      default: "none",
      guards: true,
    },
    /^(?:https?:\/\/|\/)[^\s"<>\\^`|]*$/,
    'a URL or path such as "https://example.com/no-certificate"',
  ),
  "auth-tls-pass-certificate-to-upstream": flag({
    doc: "Send the certificate to the origin in `ssl-client-cert`, as percent-encoded PEM.",
    example: "true",
    default: "false",
    support: "partial",
    difference: "A certificate over 10 KB is not sent, because Cloudflare does not provide it.",
    guards: true,
  }),
  "auth-tls-match-cn": text(
    {
      doc: "Regex that the certificate's subject must match; otherwise 403.",
      example: "CN=client-[0-9]+",
      default: "none",
      guards: true,
    },
    /^CN=.+$/,
    'a regex for the subject such as "CN=client-[0-9]+"',
  ),
};

/** Restricts a host by client certificate. The oldest Ingress of the host with this policy applies. */
export const clientCertificate = /* @__PURE__ */ definePolicy({
  name: "clientCertificate",
  doc: "Requires a client certificate for a host.",
  scope: "host",
  protects: true,
  restricts: false,
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
    if (subject && !subject.ok) return denyAll(context, "auth-tls-match-cn", subject.problem, "simplify the regex");
    reportDifferences(values, context);
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

function reportDifferences(values: AnnotationValues<typeof annotations>, context: PolicyContext): void {
  context.warn("auth-tls-secret", "Cloudflare verifies client certificates, not this Secret", ENABLE_MTLS_REMEDY);
  if (!context.tls && (values["auth-tls-verify-client"] ?? "on") === "on") {
    context.warn("auth-tls-secret", "requests over http have no certificate, so they are redirected", ADD_TLS_REMEDY);
  }
  if ((values["auth-tls-verify-depth"] ?? 1) !== 1) {
    context.warn("auth-tls-verify-depth", "the depth is set by Cloudflare", "remove the annotation");
  }
}

const ENABLE_MTLS_REMEDY =
  "enable mTLS for the host and upload its certificate authority in the zone's SSL/TLS settings; until then no client has a certificate";

const ADD_TLS_REMEDY = "add spec.tls for the host, or leave it";

const CREATE_SECRET_REMEDY = "create the Secret, or correct its name";

/** Not `failClosed`, because a mistake here must not close the host if an older Ingress applies. */
function denyAll(
  context: PolicyContext,
  annotation: string,
  reason: string,
  remedy: string,
): z.infer<typeof ClientCertificateSettings> {
  context.deny(annotation, reason, remedy);
  return { type: "denied", reason };
}
