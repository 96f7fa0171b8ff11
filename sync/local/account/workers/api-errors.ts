import type { ErrorReply } from "../api-types.ts";

/** Errors of the Workers API. The codes are Cloudflare's. */
export const workersErrors = {
  multipartExpected: () => fail(400, 10001, "Content-Type must be one of: multipart/form-data."),
  scriptNotFound: () => fail(404, 10007, "This Worker does not exist on your account."),
  invalidUpload: (problem: string) => fail(400, 10021, problem),
  tooLarge: (limit: string) => fail(413, 10027, `Your Worker exceeded the size limit of ${limit}.`),
  tooManyScripts: (limit: number) =>
    fail(403, 10037, `You have exceeded the limit of ${limit} Workers on your account.`),
  namespaceNotFound: (id: string) => fail(400, 10041, `KV namespace '${id}' not found.`),
  namespaceInvalid: (id: string) =>
    fail(400, 10042, `KV namespace '${id}' is not valid. Please verify the namespace_id in your configuration.`),
  secretNotFound: (name: string) => fail(404, 10056, `Secret '${name}' not found.`),
  inheritInvalid: (name: string) =>
    fail(400, 10057, `inherit binding '${name}' is invalid: no such binding to inherit`),
  classUnknown: (name: string) =>
    fail(
      400,
      10061,
      `Cannot create binding for class '${name}' because it is not currently configured to implement Durable Objects.`,
    ),
  noHandlers: (problem: string) => fail(400, 10068, problem),
  classExists: (name: string) =>
    fail(
      400,
      10074,
      `Cannot apply new-class migration to class '${name}' that is already depended on by existing objects.`,
    ),
  migrationTagMismatch: (tag: string) =>
    fail(412, 10079, `Migration tag precondition failed; current tag is '${tag}'.`),
  sqliteRequired: () =>
    fail(
      400,
      10097,
      "In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration.",
    ),
  settingsNotDeployed: () =>
    fail(400, 10214, "The latest version of your Worker isn't currently deployed, so its settings can't be edited."),
  secretNotDeployed: () =>
    fail(400, 10215, "Secret edit failed. You attempted to modify a secret, but the latest version isn't deployed."),
  secretsChanged: (names: readonly string[]) =>
    fail(400, 10220, `Cannot deploy the version. The following secrets have changed: ${names.join(", ")}`),
  noVersions: () => fail(404, 10222, "This Worker has no versions."),
  versionNotFound: (id: string) => fail(404, 100146, `Version '${id}' not found.`),
  deploymentNotFound: (id: string) => fail(404, 10336, `Deployment '${id}' not found.`),
} as const;

function fail(status: number, code: number, message: string): ErrorReply {
  return { status, code, message };
}
