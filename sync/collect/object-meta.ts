/** The identity of an object. */
export interface Meta {
  readonly namespace: string;
  readonly name: string;
  /** The origin of the object, for people: "shop.yaml:12", or its API version. */
  readonly source: string;
}
