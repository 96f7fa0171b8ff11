import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface Comment {
  readonly id: number;
  body: string;
  readonly isOwn: boolean;
}

/** Starts the part of a code host's API that `comment.mjs` uses. */
export async function startCommentServer(host: "github" | "gitlab") {
  const comments: Comment[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const isAllowed = (host === "github" ? headers.authorization : headers["private-token"])?.includes("t0ken");
    if (!isAllowed) return void response.writeHead(401).end("{}");
    const send = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (url.endsWith("/user")) return void send({ id: 7 });
    if (method === "GET") return void send(comments.map((comment) => describe(host, comment)));
    const { body } = (await json(request)) as { body: string };
    const existing = comments.find(({ id }) => url.endsWith(`/${id}`));
    if (existing) existing.body = body;
    else comments.push({ id: 100 + comments.length, body, isOwn: true });
    send({ id: 0 });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    comments,
    environment: host === "github" ? buildGitHub(url) : buildGitLab(url),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function describe(host: "github" | "gitlab", { id, body, isOwn }: Comment) {
  return host === "github"
    ? { id, body, user: { type: isOwn ? "Bot" : "User" } }
    : { id, body, author: { id: isOwn ? 7 : 8 } };
}

function buildGitHub(url: string): Record<string, string> {
  return { GITHUB_API_URL: url, GITHUB_REPOSITORY: "acme/shop", GITHUB_TOKEN: "t0ken", EDGRESS_PULL_REQUEST: "5" };
}

function buildGitLab(url: string): Record<string, string> {
  return { CI_API_V4_URL: `${url}/api/v4`, CI_PROJECT_ID: "3", CI_MERGE_REQUEST_IID: "5", GITLAB_TOKEN: "t0ken" };
}
