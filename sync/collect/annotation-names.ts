/** The annotation that named an Ingress's class before `spec.ingressClassName`. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** The annotation that reports the generation in which an Ingress is live. */
export const LIVE_GENERATION_ANNOTATION = "edgress.dev/live-generation";
