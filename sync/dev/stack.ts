import { type LocalAccount, startAccount } from "./account.ts";
import type { Certificate } from "./certificates.ts";
import { startFront } from "./front.ts";
import { startInternet } from "./internet.ts";
import { storageIn } from "./storage.ts";
import { EDGE, STORAGE, startWorkerd } from "./workerd.ts";

export interface StackOptions {
  /** 0 picks a free port. */
  httpPort: number;
  httpsPort: number;
  /** The account's zones; "." holds every domain. */
  zones: readonly string[];
  /** The Worker's entry file. */
  worker: string;
  variables: Readonly<Record<string, string>>;
  /** Every line that the Worker logs. */
  log: (line: string) => void;
  /** Whether only loopback and forwarded addresses can be reached. */
  loopbackOnly?: boolean;
  /** Class names by binding. */
  durableObjects?: Readonly<Record<string, string>>;
  /** Whether the edge's reads of KV can be made to go wrong, by `account.setEdgeReads`. */
  edgeFaults?: boolean;
}

export interface Stack {
  readonly http: URL;
  readonly https: URL;
  readonly account: LocalAccount;
  /** Sends what is meant for `address` ("203.0.113.10:80") to `to` ("127.0.0.1:41234"). */
  forward(address: string, to: string): void;
  /** Certificates by host; "*.x" stands for one more label. */
  setCertificates(given: ReadonlyMap<string, Certificate>): void;
  /** Isolates begin anew, as they do in production at any time; what is stored and cached stays. */
  restartWorker(): Promise<void>;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Starts the local Cloudflare: an account, the Worker in workerd, what it fetches from, and the edge's listeners. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { worker, variables, durableObjects = {}, edgeFaults = false, loopbackOnly = false, log, zones } = options;
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const account = await startAccount({ zones, storage: () => storageIn(miniflare, STORAGE) });
    closing.push(account.close);
    const internet = await startInternet({ names: account, loopbackOnly });
    closing.push(internet.close);
    const internetPort = internet.port;
    const { miniflare, restart } = await startWorkerd({
      worker,
      variables,
      durableObjects,
      edgeFaults,
      internetPort,
      log,
    });
    closing.push(() => miniflare.dispose());
    const socket = await miniflare.unsafeGetDirectURL(EDGE);
    const front = await startFront({ httpPort: options.httpPort, httpsPort: options.httpsPort, worker: socket });
    closing.push(front.close);
    const { http, https, setCertificates } = front;
    return { http, https, account, forward: internet.forward, setCertificates, restartWorker: restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}
