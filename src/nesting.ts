/** Subrequests that a request may cause one inside the other: an authentication path that asks itself must end. */
export const MAX_SUBREQUEST_DEPTH = 2;
