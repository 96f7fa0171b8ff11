/** The annotation for the class of an Ingress, from before `spec.ingressClassName`. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** The annotation for the first generation that contains the current Ingress. */
export const LIVE_GENERATION_ANNOTATION = "edgress.dev/live-generation";
