// Writes the report of check.mjs as one comment on the pull request or merge request, and replaces it at the next run.
//
// GitHub: GITHUB_TOKEN (permission pull-requests: write), GITHUB_REPOSITORY, GITHUB_API_URL, EDGRESS_PULL_REQUEST
// GitLab: GITLAB_TOKEN (scope api, role Reporter), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID
import { readFileSync } from "node:fs";

const MARKER = "<!-- edgress plan -->";
const PAGE_SIZE = 100;
const MAX_PAGES = 30;

const env = process.env;
const body = readFileSync(env.EDGRESS_REPORT ?? "edgress-report.md", "utf8");
const host = env.GITHUB_REPOSITORY ? createGitHub(env) : createGitLab(env);
const existing = await findComment(host);
await (existing ? host.update(existing, body) : host.create(body));
console.log(existing ? "replaced the comment" : "added a comment");

function createGitHub({
  GITHUB_API_URL = "https://api.github.com",
  GITHUB_REPOSITORY,
  GITHUB_TOKEN,
  EDGRESS_PULL_REQUEST,
}) {
  const headers = { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json" };
  const comments = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues/${Number(EDGRESS_PULL_REQUEST)}/comments`;
  return {
    list: (page) => request("GET", `${comments}?per_page=${PAGE_SIZE}&page=${page}`, headers),
    create: (text) => request("POST", comments, headers, { body: text }),
    update: ({ id }, text) =>
      request("PATCH", `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues/comments/${id}`, headers, { body: text }),
    // Anybody can write the marker, but only the token's own comment can be replaced.
    isOwn: ({ user }) => user?.type === "Bot",
  };
}

function createGitLab({ CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, GITLAB_TOKEN }) {
  const headers = { "private-token": GITLAB_TOKEN };
  const notes = `${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/merge_requests/${Number(CI_MERGE_REQUEST_IID)}/notes`;
  let self;
  return {
    async list(page) {
      self ??= await request("GET", `${CI_API_V4_URL}/user`, headers);
      return await request("GET", `${notes}?per_page=${PAGE_SIZE}&page=${page}`, headers);
    },
    create: (text) => request("POST", notes, headers, { body: text }),
    update: ({ id }, text) => request("PUT", `${notes}/${id}`, headers, { body: text }),
    isOwn: ({ author }) => author?.id === self.id,
  };
}

async function findComment({ list, isOwn }) {
  for (let page = 1; page <= MAX_PAGES; page++) {
    const comments = await list(page);
    const found = comments.find((comment) => isOwn(comment) && comment.body?.startsWith(MARKER));
    if (found || comments.length < PAGE_SIZE) return found;
  }
  return undefined;
}

async function request(method, url, headers, content) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, "user-agent": "edgress", ...(content && { "content-type": "application/json" }) },
    ...(content && { body: JSON.stringify(content) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok)
    throw new Error(`${method} ${new URL(url).pathname}: ${response.status}. Check the token's permissions`);
  return await response.json();
}
