import * as z from "zod/mini";
import { template, word } from "./annotation-types.ts";
import type { AnnotationValues } from "./policy.ts";

/** Methods that choose an address, besides round robin and the consistent hash. */
export const BalanceMethod = z.enum(["random", "ewma"]);
export type BalanceMethod = z.infer<typeof BalanceMethod>;

const CLIENT_ADDRESS = "$remote_addr";

export const balanceAnnotations = /* @__PURE__ */ createBalanceAnnotations();

/** Builds the settings of load balancing. A value to hash by overrides the method, as in ingress-nginx. */
export function buildBalance(values: AnnotationValues<typeof balanceAnnotations>): {
  hashBy?: string;
  balance?: BalanceMethod;
} {
  const { "load-balance": method, "upstream-hash-by": hashBy } = values;
  if (hashBy !== undefined) return { hashBy };
  if (method === "chash") return { hashBy: CLIENT_ADDRESS };
  return method === "random" || method === "ewma" ? { balance: method } : {};
}

/** A function, so that the Worker has no annotations. */
function createBalanceAnnotations() {
  return {
    "load-balance": word(
      {
        doc: "Method that selects one of several addresses of the Service: in turn, at random, the faster one of two (`ewma`), or by a hash (`chash`).",
        example: "ewma",
        default: "round_robin",
        support: "partial",
        difference:
          "The edge selects an external address of the Service; the cluster selects the Pod. `random` is an addition. `chash` without `upstream-hash-by` hashes the client's address.",
      },
      ["round_robin", "random", "ewma", "chash"],
    ),
    "upstream-hash-by": template(
      {
        doc: "Forward requests with the same value to the same address.",
        example: "$request_uri",
        default: "none",
        support: "partial",
        difference: "The edge selects an external address of the Service; the cluster selects the Pod.",
      },
      /^[-\w.~:/,?&=+ ${}|@]+$/,
      'text and variables such as "$request_uri"',
    ),
  };
}
