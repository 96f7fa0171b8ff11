/** Prefixes of annotations, in order of precedence: edgress, ingress-nginx, and ingress-nginx before 2018. */
export const ANNOTATION_PREFIXES = ["edgress.dev/", "nginx.ingress.kubernetes.io/", "ingress.kubernetes.io/"] as const;

/** The annotation for the class of an Ingress, from before `spec.ingressClassName`. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** The annotation for the first generation that contains the current Ingress. */
export const LIVE_GENERATION_ANNOTATION = "edgress.dev/live-generation";

/** The annotations that the controller writes. `deploy/admission-policy` allows no other. */
export const WRITTEN_ANNOTATIONS = [LIVE_GENERATION_ANNOTATION] as const;
