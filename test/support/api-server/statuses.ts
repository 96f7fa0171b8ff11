import { type ApiResource, formatGroupResource } from "./resources.ts";

/** An error response: the HTTP status, and the reason and message of its Status object. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Builds the Status object of a refusal. */
export function buildStatus({ code, reason, message }: Pick<Refusal, "code" | "reason" | "message">): object {
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

export function newNotFound(resource: Pick<ApiResource, "group" | "plural">, name: string): Refusal {
  return new Refusal(404, "NotFound", `${formatGroupResource(resource)} "${name}" not found`);
}

export function newAlreadyExists(resource: ApiResource, name: string): Refusal {
  return new Refusal(409, "AlreadyExists", `${formatGroupResource(resource)} "${name}" already exists`);
}

export function newConflict(resource: ApiResource, name: string, reason: string): Refusal {
  return new Refusal(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${formatGroupResource(resource)} "${name}": ${reason}`,
  );
}

export function newInvalid(resource: ApiResource, name: string, reason: string): Refusal {
  return new Refusal(422, "Invalid", `${formatGroupResource(resource)} "${name}" is invalid: ${reason}`);
}

export function newBadRequest(message: string): Refusal {
  return new Refusal(400, "BadRequest", message);
}

export function newUnauthorized(): Refusal {
  return new Refusal(401, "Unauthorized", "Unauthorized");
}

export function newPathNotFound(): Refusal {
  return new Refusal(404, "NotFound", "the server could not find the requested resource");
}

/** Returns the error for a watch or list from before the history. */
export function newExpired(message: string): Refusal {
  return new Refusal(410, "Expired", message);
}

/** Returns the error for a list at a future version. */
export function newVersionTooLarge(requestedVersion: string, version: number): Refusal {
  return new Refusal(504, "Timeout", `Timeout: Too large resource version: ${requestedVersion}, current: ${version}`);
}

/** Refuses an object with another name than that of its path. */
export function assertName(objectName: string, name: string): void {
  if (objectName === name) return;
  throw newBadRequest(`the name of the object (${objectName}) does not match the name on the URL (${name})`);
}

/** Refuses a key of a ConfigMap or Secret that no API server accepts. */
export function assertDataKeys(resource: ApiResource, name: string, data: unknown): void {
  if (!["configmaps", "secrets"].includes(resource.plural)) return;
  const key = Object.keys(data ?? {}).find((candidate) => !/^[-._a-zA-Z0-9]+$/.test(candidate));
  if (key === undefined) return;
  throw newInvalid(
    resource,
    name,
    `data[${key}]: Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
  );
}
