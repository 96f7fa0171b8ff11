import { qualified, type Resource } from "./resources.ts";

/** What the server refuses: the HTTP status, and what its Status object says. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** The Status object of a refusal. */
export function statusOf({ code, reason, message }: Pick<Refusal, "code" | "reason" | "message">): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason && { reason }),
    code,
  };
}

export function notFound(resource: Pick<Resource, "group" | "plural">, name: string): Refusal {
  return new Refusal(404, "NotFound", `${qualified(resource)} "${name}" not found`);
}

export function alreadyExists(resource: Resource, name: string): Refusal {
  return new Refusal(409, "AlreadyExists", `${qualified(resource)} "${name}" already exists`);
}

export function conflict(resource: Resource, name: string, why: string): Refusal {
  return new Refusal(409, "Conflict", `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`);
}

export function invalid(resource: Resource, name: string, why: string): Refusal {
  return new Refusal(422, "Invalid", `${qualified(resource)} "${name}" is invalid: ${why}`);
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, "BadRequest", message);
}

export function unauthorized(): Refusal {
  return new Refusal(401, "Unauthorized", "Unauthorized");
}

export function noSuchPath(): Refusal {
  return new Refusal(404, "NotFound", "the server could not find the requested resource");
}

/** A watch or list from before what the server still remembers. */
export function expired(message: string): Refusal {
  return new Refusal(410, "Expired", message);
}

/** A list that is to be of a version that isn't yet. */
export function tooLarge(wanted: string, version: number): Refusal {
  return new Refusal(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${version}`);
}
