/** A mistake in the command line, the environment or a named file. It is printed as one line, with exit code 2. */
export class UsageError extends Error {}
