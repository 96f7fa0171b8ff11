import { CORE_TESTS, LISTENER_SET_TESTS } from "./core-tests.ts";

/** A feature of Gateway API v1.6: its tests in the conformance suite, or why the edge cannot have it. */
export type GatewayFeature =
  | { readonly name: string; readonly tests: readonly string[]; readonly note?: string }
  | { readonly name: string; readonly unsupported: string };

const NO_BACKEND_TLS =
  "A Worker cannot set the server name, the trusted certificates or the client certificate of an origin.";
const UNTESTED_RETRY = "Experimental. The suite of v1.6 has no test of it; the tests of edgress have.";
const CLIENT_CERTIFICATES = "Cloudflare verifies client certificates. Set up mTLS for the host in Cloudflare.";

/** The features of the kinds that the edge serves, sorted by name. */
export const GATEWAY_FEATURES: readonly GatewayFeature[] = [
  { name: "BackendTLSPolicy", unsupported: NO_BACKEND_TLS },
  { name: "BackendTLSPolicySANValidation", unsupported: NO_BACKEND_TLS },
  { name: "Gateway", tests: CORE_TESTS.Gateway },
  {
    name: "GatewayAddressEmpty",
    unsupported: "Its test needs a listener on port 8080. An address without a value works: it is a host name.",
  },
  { name: "GatewayBackendClientCertificate", unsupported: NO_BACKEND_TLS },
  { name: "GatewayFrontendClientCertificateValidation", unsupported: CLIENT_CERTIFICATES },
  { name: "GatewayFrontendClientCertificateValidationInsecureFallback", unsupported: CLIENT_CERTIFICATES },
  { name: "GatewayHTTPListenerIsolation", tests: ["GatewayHTTPListenerIsolation"] },
  {
    name: "GatewayHTTPSListenerDetectMisdirectedRequests",
    unsupported: "Cloudflare ends TLS, and the Worker cannot see the server name of the connection.",
  },
  {
    name: "GatewayInfrastructure",
    unsupported: "The controller creates no objects for a Gateway, so that labels and annotations have no target.",
  },
  {
    name: "GatewayPort8080",
    unsupported: "All ports of Cloudflare reach every host, so that a listener cannot have its own port.",
  },
  { name: "GatewayStaticAddresses", unsupported: "The addresses are those of Cloudflare, and cannot be selected." },
  { name: "HTTPRoute", tests: CORE_TESTS.HTTPRoute },
  { name: "HTTPRoute303RedirectStatusCode", tests: ["HTTPRoute303Redirect"] },
  { name: "HTTPRoute307RedirectStatusCode", tests: ["HTTPRoute307Redirect"] },
  { name: "HTTPRoute308RedirectStatusCode", tests: ["HTTPRoute308Redirect"] },
  { name: "HTTPRouteBackendProtocolH2C", unsupported: "Neither Cloudflare nor workerd sends HTTP/2 without TLS." },
  { name: "HTTPRouteBackendProtocolWebSocket", tests: ["HTTPRouteBackendProtocolWebSocket"] },
  {
    name: "HTTPRouteBackendRequestHeaderModification",
    tests: ["HTTPRouteBackendRequestHeaderModifier", "HTTPRouteRequestHeaderModifierBackendWeights"],
  },
  { name: "HTTPRouteBackendTimeout", tests: ["HTTPRouteTimeoutBackendRequest"] },
  { name: "HTTPRouteCORS", tests: ["HTTPRouteCORS"] },
  {
    name: "HTTPRouteDestinationPortMatching",
    tests: ["HTTPRouteInvalidParentRefNotMatchingListenerPort"],
    note: "Experimental.",
  },
  {
    name: "HTTPRouteHostRewrite",
    tests: ["HTTPRouteRewriteHost"],
    note: "At Cloudflare, the host must be in the zone of the client's host.",
  },
  { name: "HTTPRouteMethodMatching", tests: ["HTTPRouteMethodMatching"] },
  { name: "HTTPRouteNamedRouteRule", tests: ["HTTPRouteNamedRule"] },
  {
    name: "HTTPRouteParentRefPort",
    unsupported: "Its test needs listeners on ports 8080 and 8090. The field `port` of a parentRef works.",
  },
  { name: "HTTPRoutePathRedirect", tests: ["HTTPRouteRedirectPath"] },
  { name: "HTTPRoutePathRewrite", tests: ["HTTPRouteRewritePath"] },
  { name: "HTTPRoutePortRedirect", tests: ["HTTPRouteRedirectPort"] },
  { name: "HTTPRouteQueryParamMatching", tests: ["HTTPRouteQueryParamMatching"] },
  { name: "HTTPRouteRequestMirror", tests: ["HTTPRouteRequestMirror"] },
  { name: "HTTPRouteRequestMultipleMirrors", tests: ["HTTPRouteRequestMultipleMirrors"] },
  { name: "HTTPRouteRequestPercentageMirror", tests: ["HTTPRouteRequestPercentageMirror"] },
  { name: "HTTPRouteRequestTimeout", tests: ["HTTPRouteTimeoutRequest"] },
  { name: "HTTPRouteResponseHeaderModification", tests: ["HTTPRouteResponseHeaderModifier"] },
  { name: "HTTPRouteRetry", tests: ["HTTPRouteRetry"], note: "Experimental." },
  { name: "HTTPRouteRetryBackendTimeout", tests: [], note: UNTESTED_RETRY },
  { name: "HTTPRouteRetryConnectionError", tests: [], note: UNTESTED_RETRY },
  { name: "HTTPRouteSchemeRedirect", tests: ["HTTPRouteRedirectScheme"] },
  { name: "ListenerSet", tests: LISTENER_SET_TESTS },
  { name: "ReferenceGrant", tests: CORE_TESTS.ReferenceGrant },
];

/** The names of the supported features, as in the status of a GatewayClass. */
export const SUPPORTED_FEATURES: readonly string[] = GATEWAY_FEATURES.flatMap((feature) =>
  "tests" in feature ? [feature.name] : [],
);
