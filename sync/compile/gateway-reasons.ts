/** Reasons of diagnostics of Gateways, their listeners and the routes that refer to them. */
export const gatewayReasons = {
  GatewayNotAccepted: {
    severity: "error",
    doc: "The GatewayClass, Gateway or ListenerSet is not accepted; none of its listeners is served.",
  },
  ListenerNotServed: {
    severity: "error",
    doc: "The listener has a conflict, an unsupported value or no usable certificate; no route is served through it.",
  },
  ListenerNotResolved: {
    severity: "warning",
    doc: "The listener is served, but one of its certificates or kinds of routes does not exist.",
  },
  RouteNotAttached: {
    severity: "error",
    doc: "No listener of the parent takes the HTTPRoute; it is not served there.",
  },
  GatewayNotFound: {
    severity: "note",
    doc: "The HTTPRoute refers to a Gateway or ListenerSet that does not exist; it is not served there.",
  },
  UnsupportedRouteRule: {
    severity: "error",
    doc: "A rule of an HTTPRoute has an unsupported or invalid value; it is dropped, or returns 500.",
  },
} as const;
