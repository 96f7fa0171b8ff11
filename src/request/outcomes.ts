/** Every outcome of a request, as the access log names it, for the documentation. */
export const REQUEST_OUTCOMES = {
  routed: {
    meaning: "The origin answered.",
    remedy: "Nothing. If `status` is an error, read the log of the origin.",
  },
  redirected: {
    meaning: "The edge sent a redirect.",
    remedy: "Nothing. If clients loop, run `edgress explain` with the URL.",
  },
  "reserved-path": {
    meaning: "The Worker itself answered a path below `/.well-known/edgress/`.",
    remedy: "Nothing.",
  },
  preflight: { meaning: "The edge answered a CORS preflight.", remedy: "Nothing." },
  "no-route": {
    meaning: "No route matched, or the route has no backend: 404.",
    remedy: "Run `edgress explain` with the URL. It lists the routes that did not match.",
  },
  "no-backend": {
    meaning: "The Service, its port or its address does not exist: 503, or 500 for an HTTPRoute.",
    remedy: "Create the Service that `reason` names, or correct its port or address.",
  },
  "invalid-filter": {
    meaning: "A filter of the HTTPRoute cannot be applied: 500.",
    remedy: "Correct or remove the filter that `reason` names.",
  },
  "failed-closed": {
    meaning: "A guard is unreadable or unsupported, so the route is closed: 503.",
    remedy: "Correct or remove the annotation that `reason` names.",
  },
  denied: {
    meaning: "Authorization or the client certificate check rejected the request.",
    remedy: "Nothing, if the client has no access. Otherwise check the guard that `reason` names.",
  },
  "bad-request": {
    meaning:
      "The path is invalid, too long, rewritten to dot segments or has forbidden parameters, a GET has a body in chunks, or the method is TRACE: 400, 405, 411 or 414.",
    remedy: "Correct the client. For dot segments, correct `rewrite-target`; `edgress lint` shows such a URL.",
  },
  "empty-rewrite": {
    meaning: "The rewritten path is empty: 500.",
    remedy: "Correct `rewrite-target`: begin it with a slash.",
  },
  "body-too-large": {
    meaning: "The body exceeds `proxy-body-size`: 413.",
    remedy: "Raise `proxy-body-size`, if clients may send such bodies.",
  },
  "rate-limited": {
    meaning: "The client exceeds a limit: 503.",
    remedy: "Raise the limit that `reason` names, if it is too low for the client.",
  },
  "origin-unreachable": {
    meaning: "No address of the backend could be reached: 502.",
    remedy:
      "Check the Service, its Pods, and the firewall of the address in `origin`. `reason` has Cloudflare's status.",
  },
  "origin-timeout": {
    meaning: "The origin did not respond in time: 504.",
    remedy: "Check the load of the origin. Raise `proxy-read-timeout`, if it may take longer.",
  },
  "subrequest-limit": {
    meaning: "The Worker has no subrequests left for the origin: 503. The Free plan allows 50 for one request.",
    remedy: "Lower `proxy-next-upstream-tries`, or use the Workers Paid plan.",
  },
  "client-closed": {
    meaning: "The client disconnected before the response began: 502, which it does not receive.",
    remedy: "Nothing. If there are many, compare the timeouts of the client with the size of its uploads.",
  },
  "subrequest-loop": {
    meaning: "Subrequests are nested too deeply: 508.",
    remedy: "Remove the loop: a URL in `auth-url` or `mirror-target` must not match a path with the same annotation.",
  },
  "no-snapshot": {
    meaning: "The Worker has no snapshot, or KV does not return the rules of the host: 503.",
    remedy:
      "Publish the rules. If they are published, `reason` names the setting of the Worker to correct, or the error of KV.",
  },
  "internal-error": {
    meaning: "The Worker failed unexpectedly: 500.",
    remedy: "Report it as a bug, with `reason` and the request.",
  },
} as const;

export type RequestOutcome = keyof typeof REQUEST_OUTCOMES;
