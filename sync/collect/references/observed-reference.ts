import { isTransient } from "../../kubernetes/errors.ts";
import type { Reference } from "../cluster-model.ts";
import { type CachedObject, ObjectCache } from "../object-cache.ts";

/** After this number of failures, callers stop waiting for the first read. */
const MAX_FAILURES = 3;

/** A Secret or ConfigMap that rules refer to: its last observed content, or the reason why it was never read. */
export class ObservedReference {
  readonly reference: Reference;
  /** Its content. Empty if the object does not exist. The content stays while the server does not answer. */
  readonly cache = new ObjectCache();
  readonly #firstRead = Promise.withResolvers<void>();
  readonly #onChange: () => void;
  #failures = 0;
  #failure: Error | undefined;
  #isReady = false;
  #isDropped = false;

  /** `onChange` is called after each change of the content, except the first read. */
  constructor(reference: Reference, onChange: () => void) {
    this.reference = reference;
    this.#onChange = onChange;
  }

  /** Resolves when the object was read, is missing or is unreadable. It never rejects. */
  get firstRead(): Promise<void> {
    return this.#firstRead.promise;
  }

  /** The last failure. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether no rule refers to the object any more. Then its content is no longer read. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  drop(): void {
    this.#isDropped = true;
    this.#resolve();
  }

  /** Whether the content is not that of `version`. An undefined version means that the object does not exist. */
  isOutdated(version: string | undefined): boolean {
    const list = this.cache.list();
    return list === undefined || list[0]?.resourceVersion !== version;
  }

  /** Stores what the server has. Undefined: the object does not exist. */
  store(object: CachedObject | undefined): void {
    if (this.cache.apply({ type: "listed", objects: object ? [object] : [] })) this.reportChange();
  }

  /** Called after the cache has changed. */
  reportChange(): void {
    if (this.#isReady) this.#onChange();
    this.#resolve();
  }

  /** Records a failed read. Server errors may be retried a few times before the object counts as unreadable. */
  recordFailure(error: Error): void {
    this.#failures++;
    this.#failure = error;
    if (this.#isReady || !isTransient(error) || this.#failures >= MAX_FAILURES) this.#resolve();
  }

  #resolve(): void {
    this.#isReady = true;
    this.#firstRead.resolve();
  }
}
