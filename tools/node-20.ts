/** The functions that the command uses and Node 20 lacks. esbuild adds this module to the command, before every other module. */
import workerThreads from "node:worker_threads";
import zlib from "node:zlib";
import "./group-by.ts";

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>["resolve"] = () => {};
  let reject: PromiseWithResolvers<T>["reject"] = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

Promise.withResolvers ??= withResolvers;
// undici marks its requests, so that they cannot be sent to another thread. edgress sends none to its thread.
workerThreads.markAsUncloneable ??= () => {};
// undici reads this function when it loads. It calls it for zstd responses only, and no request accepts zstd.
zlib.createZstdDecompress ??= () => {
  throw new Error("zstd needs Node 22.15 or newer");
};
