import { userInfo } from "node:os";
import type { ManifestAuthor } from "../../../src/rules/snapshot.ts";
import type { Environment } from "../help/environment-variables.ts";

const MAX_LENGTH = 200;

/** Returns the author of the publications of a command: the Pod, and the commit that CI runs for. */
export function readAuthor(
  command: string,
  { POD_NAME: pod, GITHUB_SHA, CI_COMMIT_SHA }: Environment,
  commitOption?: string,
): ManifestAuthor {
  const commit = commitOption ?? GITHUB_SHA ?? CI_COMMIT_SHA;
  return { command, ...(pod && { pod: cut(pod) }), ...(commit && { commit: cut(commit) }) };
}

/** Returns the name of the person who runs a command: the one who started the CI job, or the user of this machine. */
export function readOperator({ GITHUB_ACTOR, GITLAB_USER_LOGIN }: Environment): string {
  return cut(GITHUB_ACTOR || GITLAB_USER_LOGIN || readUserName());
}

function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // a container may run as a user without a name
  }
}

function cut(text: string): string {
  return text.slice(0, MAX_LENGTH);
}
