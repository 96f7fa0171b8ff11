/** Thrown if a signal ended a publication. The message names the active generation. */
export class InterruptedError extends Error {
  readonly signalName: string;

  constructor(signalName: string, message: string) {
    super(message);
    this.signalName = signalName;
  }
}
