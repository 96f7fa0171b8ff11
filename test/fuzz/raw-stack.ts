import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDev } from "../support/cli/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";

/** A host of the rules: its open and guarded paths, and the annotations of the open ones. */
interface RawHost {
  readonly host: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The path that only a password opens, on every host. */
export const GUARDED = "secret";

/** Each host has a Service per path, so that the origin shows the route. */
export const RAW_HOSTS: readonly RawHost[] = [
  { host: "plain.example.com", annotations: {} },
  { host: "other.example.com", annotations: { "proxy-buffering": "off" } },
  { host: "*.wild.example.com", annotations: {} },
  { host: "regex.example.com", annotations: { "use-regex": "true" } },
  { host: "cors.example.com", annotations: { "enable-cors": "true", "custom-http-errors": "404" } },
];

/** The name of the Service of a path, by its host. */
export function serviceOf(host: string, path: string): string {
  return `${host.replace("*", "any").replaceAll(".", "-")}-${path === "/" ? "root" : path.slice(1)}`;
}

const PATHS = ["/", "/a", `/${GUARDED}`];

/** The objects of all hosts. The origin of every Service listens at `port` of `address`. */
export function buildRawObjects(addressOf: (service: string) => string, port = 80): object[] {
  const guard = withNginxPrefix({ "auth-type": "basic", "auth-secret": "staff" });
  const staff = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "staff" },
    stringData: { auth: "ann:{PLAIN}s3cret\n" },
  };
  const ingresses = RAW_HOSTS.flatMap(({ host, annotations }) => {
    const target = (path: string) => ({ [path]: `${serviceOf(host, path)}${port === 80 ? "" : `:${port}`}` });
    const name = serviceOf(host, "/");
    const all = withNginxPrefix(annotations);
    return [
      buildIngressManifest(`${name}-open`, host, { ...target("/"), ...target("/a") }, all),
      buildIngressManifest(`${name}-guarded`, host, target(`/${GUARDED}`), { ...all, ...guard }),
    ];
  });
  const services = RAW_HOSTS.flatMap(({ host }) => PATHS.map((path) => serviceOf(host, path)));
  return [...ingresses, ...services.map((name) => buildServiceManifest(name, [addressOf(name)], port)), staff];
}

/** A request as an origin got it. */
export interface OriginRequest {
  readonly service: string;
  readonly host: string;
  readonly url: string;
  readonly body: string;
}

/** Records requests, and names the Service in the answer. */
export function createRecordingHandler(requests: OriginRequest[], service: string) {
  return (incoming: IncomingMessage, response: ServerResponse) => {
    let body = "";
    incoming.setEncoding("latin1").on("data", (part: string) => {
      body += part;
    });
    incoming
      .on("error", () => undefined)
      .on("end", () => {
        const { headers, url = "" } = incoming;
        requests.push({ service, host: headers.host ?? "", url, body });
        response.setHeader("X-Service", service).end(`service ${service}`);
      });
  };
}

/** Starts the server of an origin. */
export function createRecordingServer(requests: OriginRequest[], service: string) {
  return createServer(createRecordingHandler(requests, service));
}

/** Writes bytes to a port, ends the connection when it is quiet, and returns the bytes that arrived. */
export async function exchangeBytes(port: number, bytes: string, quietMs: number, maxMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1");
  let received = "";
  const timer = setTimeout(() => {
    socket.destroy();
    reject(new Error(`the connection did not end within ${maxMs} ms`));
  }, maxMs);
  socket.setTimeout(quietMs, () => socket.destroy());
  socket.setEncoding("latin1").on("data", (part: string) => {
    received += part;
  });
  socket.on("error", () => undefined).on("close", () => resolve(received));
  socket.write(Buffer.from(bytes, "latin1"));
  return await promise.finally(() => clearTimeout(timer));
}

/** Starts `edgress dev` over the same hosts, with echo origins. */
export async function startRawDev() {
  const folder = await mkdtemp(join(tmpdir(), "edgress-raw-"));
  let addresses = 0;
  // An echo origin replaces an address, so no two Services share one.
  const items = buildRawObjects(() => `203.0.113.${++addresses}`);
  await writeFile(join(folder, "all.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const dev = await startDev(folder, "--echo-origins");
  return {
    dev,
    async end() {
      if (dev.child.exitCode === null) await dev.end();
      await rm(folder, { recursive: true });
    },
  };
}

/** Returns the requests in the answers of echo origins. */
export function readEchoes(received: string): OriginRequest[] {
  return [...received.matchAll(/^\{\n {2}"backend": .*?^\}$/gms)].map(([text]) => {
    const { backend, path, headers, body } = JSON.parse(Buffer.from(text, "latin1").toString("utf8")) as EchoedRequest;
    const [, service = ""] = /^default\/([^:]*):/.exec(backend) ?? [];
    return { service, host: headers.host ?? "", url: path, body };
  });
}

interface EchoedRequest {
  readonly backend: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
